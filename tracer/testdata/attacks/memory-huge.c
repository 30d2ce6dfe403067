/*
 * claim: takes pages from the machine's pool of huge pages
 * class: memory
 * bare: 0 | 1
 * compute: ok
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	char *p = mmap(0, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	escaped("took a huge page");
}
