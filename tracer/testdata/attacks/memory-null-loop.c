/*
 * claim: faults in an endless loop by a SIGSEGV handler that returns
 * class: memory
 * bare: timeout
 * compute: cpu-time-limit | wall-time-limit
 * see: pitfalls 16, 22
 */
#include "attack.h"

static void again(int sig)
{
	(void)sig;
}

int main(void)
{
	signal(SIGSEGV, again);
	*(volatile int *)(uintptr_t)(getpid() & 0) = 1;
	escaped("page 0 can be written");
}
