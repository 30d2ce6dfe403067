/* For each byte on standard input a mapping is replaced by one in the same
 * place: by turns never touched, touched where the old one was not, and read
 * only. Two MiB, so that the page tables go with it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (4L << 20)

int main(void)
{
	char *at = (char *)0x200000000000, c;
	char *p = mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (long i = 0; i < SIZE / 2; i += 4096)
		p[i] = 1;
	static int step;
	puts("ready");
	for (;;) {
		fflush(stdout);
		if (read(0, &c, 1) != 1)
			return 0;
		munmap(p, SIZE);
		mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		switch (c) {
		case '.':
			break;
		case 'w':
			p[0] = 7;
			for (long i = SIZE / 2; i < SIZE; i += 4096)
				p[i] = 9;
			break;
		default:
			mprotect(p, SIZE, PROT_READ);
		}
		step++;
		puts("changed");
	}
}
