/*
 * claim: leaves a core file of 200 MB behind
 * class: output
 * bare: signaled SIGSEGV
 * compute: signaled SIGSEGV
 * see: pitfalls 65
 */
#include "attack.h"

/* Whoever runs it looks for the file: there must be none. */
int main(void)
{
	char *p = mmap(0, 200L << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	memset(p, 1, 200L << 20);
	*(volatile int *)(uintptr_t)(getpid() & 0) = 1;
	escaped("page 0 can be written");
}
