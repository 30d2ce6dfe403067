/*
 * claim: uses 512 MiB of MAP_SHARED memory, which counts as file memory
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62, 86
 */
#include "attack.h"

int main(void)
{
	char *p = mmap(0, 512L << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	for (long k = 0; k < 512L << 20; k += 4096)
		p[k] = 1;
	escaped("holds 512 MiB of shared memory");
}
