/* Every kind of memory. Its first argument is a directory for files. It prints
 * names and addresses, and then, as it says itself, "ready".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L

static char *map(const char *name, long pages, int prot, int flags, int fd, off_t off)
{
	char *p = mmap(0, pages * PAGE, prot, flags, fd, off);
	if (p == MAP_FAILED) {
		perror(name);
		exit(1);
	}
	printf("%s %lx %ld\n", name, (long)p, pages);
	return p;
}

static int file(const char *dir, const char *name, long pages)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (long i = 0; i < pages * PAGE; i++) {
		char c = 'a' + i / PAGE;
		if (write(fd, &c, 1) != 1)
			exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	if (argc < 2)
		return 2;
	char *p = map("anon", 8, rw, anon, -1, 0);
	p[0] = 1;
	memset(p + 2 * PAGE, 0, PAGE); /* present and zero */
	memset(p + 3 * PAGE, 'x', PAGE);
	(void)*(volatile char *)(p + 5 * PAGE); /* the page of zeros */

	p = map("locked", 4, rw, anon, -1, 0);
	memset(p, 'l', 4 * PAGE);
	mprotect(p, 2 * PAGE, PROT_NONE); /* readable by nobody, and full */

	p = map("code", 2, rw, anon, -1, 0);
	memset(p, 0x90, 2 * PAGE);
	mprotect(p, 2 * PAGE, PROT_EXEC);

	p = map("guarded", 8, rw, anon, -1, 0);
	memset(p, 'g', 8 * PAGE);
	if (madvise(p + 2 * PAGE, 3 * PAGE, 102 /* MADV_GUARD_INSTALL */))
		puts("noguard 0 0");

	int fd = file(argv[1], "kept", 6);
	p = map("private", 6, rw, MAP_PRIVATE, fd, 0);
	(void)*(volatile char *)(p + PAGE); /* clean */
	p[3 * PAGE] = 'P';		    /* copied */
	map("readonly", 4, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
	p = map("sharedfile", 6, rw, MAP_SHARED, fd, 0);
	p[5 * PAGE] = 'S';

	fd = file(argv[1], "deleted", 4);
	p = map("deleted", 6, rw, MAP_PRIVATE, fd, 0); /* two pages beyond its end */
	p[PAGE] = 'D';
	char path[4096];
	snprintf(path, sizeof path, "%s/deleted", argv[1]);
	unlink(path);

	p = map("shared", 8, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p[2 * PAGE] = 's';
	fd = memfd_create("zoo", 0);
	if (ftruncate(fd, 8 * PAGE) || pwrite(fd, "untouched", 9, 4 * PAGE) != 9)
		return 1;
	map("memfd", 8, PROT_READ, MAP_SHARED, fd, 0);

	p = map("reserved", 16L << 20, PROT_NONE, anon | MAP_NORESERVE, -1, 0); /* 64 GiB */
	mprotect(p + (8L << 30), 3 * PAGE, rw);
	p[(8L << 30) + PAGE] = 'r';

	p = map("huge", 1024, rw, anon, -1, 0);
	madvise(p, 1024 * PAGE, MADV_HUGEPAGE);
	memset(p, 'h', 1024 * PAGE);

	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
