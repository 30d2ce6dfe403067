/*
 * Reserves 64 GiB twice, as runtimes do (PROT_NONE, and readable but
 * MAP_NORESERVE), and touches 1 MiB; prints "ok". A limit on addresses, not
 * on memory, breaks it.
 */
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
	size_t size = 64UL << 30, touch = 1 << 20;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *none = mmap(0, size, PROT_NONE, flags, -1, 0);
	char *open = mmap(0, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (none == MAP_FAILED || open == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	if (mprotect(none, touch, PROT_READ | PROT_WRITE) != 0) {
		perror("mprotect");
		return 1;
	}
	for (size_t i = 0; i < touch; i += 4096)
		none[i] = open[size - touch + i] = 1;
	puts("ok");
	return 0;
}
