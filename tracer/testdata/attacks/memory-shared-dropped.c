/*
 * claim: hides 512 MiB of MAP_SHARED memory from its RSS by dropping the page tables
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62, 86
 */
#include "attack.h"

/* MADV_DONTNEED on a shared mapping unmaps the pages but keeps their contents. */
int main(void)
{
	volatile char *p = mmap(0, 512L << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	for (long i = 0; i < 512; i += 4) {
		for (long k = i << 20; k < (i + 4) << 20; k += 4096)
			p[k] = 7;
		if (madvise((char *)p + (i << 20), 4 << 20, MADV_DONTNEED) != 0)
			refused("madvise");
	}
	for (long k = 0; k < 512L << 20; k += 1 << 20)
		if (p[k] != 7)
			contained("the contents were lost");
	escaped("holds 512 MiB with a small RSS");
}
