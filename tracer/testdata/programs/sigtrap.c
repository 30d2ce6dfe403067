/* Counts its own SIGTRAPs, one by raise and one by int3; prints 2. A tracer must not swallow them. */
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t traps;

static void count(int sig)
{
	(void)sig;
	traps++;
}

int main(void)
{
	signal(SIGTRAP, count);
	raise(SIGTRAP);
	__asm__ volatile("int3");
	printf("%d\n", (int)traps);
	return traps == 2 ? 0 : 1;
}
