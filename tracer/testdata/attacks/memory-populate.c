/*
 * claim: uses 512 MiB in one call by MAP_POPULATE
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	unsigned char in[1];
	char *p = mmap(0, 512L << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	/* Populating fails silently where memory is short: look at the last page. */
	if (syscall(SYS_mincore, p + (512L << 20) - 4096, 4096UL, in) == 0 && !(in[0] & 1))
		contained("the last page is not there");
	p[(512L << 20) - 1] = 1;
	escaped("holds 512 MiB");
}
