/*
 * Sends itself SIGSYS, which it handles, and then makes a call of i386
 * (getpid): the kernel's answer to that, where a filter forbids it, is a death
 * by SIGSYS, and not the program's own. Exits with 0 if the call was made.
 */
#include <signal.h>

static void handled(int sig)
{
	(void)sig;
}

int main(void)
{
	long r = 20;

	signal(SIGSYS, handled);
	raise(SIGSYS);
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
	return r > 0 ? 0 : 1;
}
