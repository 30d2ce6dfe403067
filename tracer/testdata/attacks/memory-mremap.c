/*
 * claim: grows one mapping to 512 MiB by mremap(2)
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	size_t size = 1 << 20;
	char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	while (p != MAP_FAILED && size < 512L << 20) {
		memset(p + size / 2, 1, size / 2);
		p = mremap(p, size, size * 2, MREMAP_MAYMOVE);
		size *= 2;
	}
	if (p == MAP_FAILED)
		refused("mmap, mremap");
	memset(p + size / 2, 1, size / 2);
	escaped("holds 512 MiB");
}
