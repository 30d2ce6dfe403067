/*
 * Takes argv[2] KiB of memory of the kind argv[1] and keeps it for 200 ms:
 * "private" and "shared" mappings, "memfd" (mapped), "files" (memfds of 1 MiB
 * each, written and not mapped), "tables" (page tables only: zero pages, far
 * apart). Prints "ok". The kinds of memfd need a policy that allows memfd_create.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char *map(size_t size, int flags, int fd)
{
	char *p = mmap(0, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static int memfd(void)
{
	int fd = (int)syscall(SYS_memfd_create, "memory", 0);

	if (fd < 0) {
		perror("memfd_create");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "private";
	size_t size = (argc > 2 ? strtoul(argv[2], 0, 10) : 1024) << 10, page = 4096, table = 2 << 20;
	char *p = 0;

	if (strcmp(kind, "private") == 0)
		p = map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (strcmp(kind, "shared") == 0)
		p = map(size, MAP_SHARED | MAP_ANONYMOUS, -1);
	if (strcmp(kind, "memfd") == 0) {
		int fd = memfd();

		if (pwrite(fd, "", 1, (off_t)size - 1) != 1)
			return 1;
		p = map(size, MAP_SHARED, fd);
	}
	if (strcmp(kind, "files") == 0) {
		static char block[1 << 20];

		for (size_t done = 0; done < size; done += sizeof block)
			if (write(memfd(), block, sizeof block) != sizeof block) {
				perror("write");
				return 1;
			}
	}
	if (strcmp(kind, "tables") == 0) {
		size_t span = size / page * table;
		volatile char sum = 0;

		p = map(span, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
		madvise(p, span, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < span; i += table)
			sum += p[i];
		p = 0;
	}
	for (size_t i = 0; p && i < size; i += page)
		p[i] = 1;
	nanosleep(&(struct timespec){ 0, 200000000 }, 0);
	puts("ok");
	return 0;
}
