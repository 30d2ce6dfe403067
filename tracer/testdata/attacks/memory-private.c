/*
 * claim: uses 512 MiB of private memory
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62, 86
 */
#include "attack.h"

int main(void)
{
	for (int i = 0; i < 512; i++) {
		char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			refused("mmap");
		for (int k = 0; k < 1 << 20; k += 4096)
			p[k] = 1;
	}
	escaped("holds 512 MiB");
}
