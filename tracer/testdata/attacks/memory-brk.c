/*
 * claim: uses 512 MiB of heap by brk(2)
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	for (int i = 0; i < 512; i++) {
		char *p = sbrk(1 << 20);

		if (p == (void *)-1)
			refused("brk");
		for (int k = 0; k < 1 << 20; k += 4096)
			p[k] = 1;
	}
	escaped("holds 512 MiB");
}
