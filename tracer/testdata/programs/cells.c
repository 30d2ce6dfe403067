/*
 * Memory with known content: a number, a floating-point number and a text in
 * one page, a page that may only be read, and between them one that is not
 * mapped. Prints the three pages' address and, for every line of its input,
 * the number, the floating-point number, the text and the other page's text.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int main(void)
{
	char *page = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned *number = (unsigned *)page;
	double *fraction = (double *)(page + 8);
	char line[100];

	*number = 0xbead1337;
	*fraction = 1234.0625;
	strcpy(page + 0x18, "the text of the cells");
	strcpy(page + 2 * 4096, "only to be read");
	munmap(page + 4096, 4096);
	mprotect(page + 2 * 4096, 4096, PROT_READ);
	printf("%p\n", (void *)page);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%u %g %s|%s\n", *(volatile unsigned *)number, *(volatile double *)fraction, page + 0x18, page + 2 * 4096);
		fflush(stdout);
	}
	return 0;
}
