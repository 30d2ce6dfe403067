/*
 * claim: uses 300 MiB of page tables with a small RSS
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62
 */
#include "attack.h"

/*
 * A read maps the shared zero page, which is no memory of ours; the table
 * that maps it is: one page per 2 MiB. 150 GiB of addresses take 300 MiB.
 */
int main(void)
{
	long size = 150L << 30;
	volatile char *p = mmap(0, (size_t)size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char sum = 0;

	if (p == MAP_FAILED)
		refused("mmap");
	if (madvise((void *)p, (size_t)size, MADV_NOHUGEPAGE) != 0 && errno != EINVAL)
		refused("madvise");
	for (long k = 0; k < size; k += 2 << 20)
		sum += p[k];
	if (sum == 0)
		escaped("holds 300 MiB of page tables");
	contained("zero pages are not zero");
}
