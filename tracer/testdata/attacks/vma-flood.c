/*
 * claim: splits its memory into as many mappings as it may
 * class: resource
 * bare: 0
 * compute: ok | memory-limit | cpu-time-limit | wall-time-limit
 * see: pitfalls 53, 62
 */
#include "attack.h"

int main(void)
{
	long pages = 140000;
	char *p = mmap(0, (size_t)pages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	for (long i = 0; i < pages; i += 2)
		if (mprotect(p + i * 4096, 4096, PROT_READ) != 0)
			refused("mprotect");
	escaped("more mappings than the kernel's limit");
}
