/* Half of a mapping moves away and comes back, and the kernel makes one mapping
 * of the two again. One step for each byte on standard input.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define HALF (16 * 4096L)

int main(void)
{
	char *base = (char *)0x200000000000, *far = base + (1L << 30), c;
	char *p = mmap(base, 2 * HALF, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (long i = 0; i < 2 * HALF; i += 4096)
		p[i] = 1;
	puts("ready");
	for (int step = 0;; step++) {
		fflush(stdout);
		if (read(0, &c, 1) != 1)
			return 0;
		switch (step) {
		case 0:
			mremap(p + HALF, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED, far);
			break;
		case 1:
			mremap(far, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED, p + HALF);
			/* fall through */
		default:
			p[0] = p[5 * 4096] = p[HALF + 4096] = step + 10;
		}
		puts("done");
	}
}
