/* Grows to argv[1] MiB (default 64), a MiB at a time, touching all; prints the MiB, or "out of memory at N" with status 2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	int want = argc > 1 ? atoi(argv[1]) : 64;

	for (int i = 0; i < want; i++) {
		char *p = malloc(1 << 20);

		if (!p) {
			printf("out of memory at %d\n", i);
			return 2;
		}
		memset(p, i, 1 << 20);
		*(volatile char *)p = 1;
	}
	printf("%d\n", want);
	return 0;
}
