/*
 * resident MIB PAGES: has MIB MiB in memory; then a getppid, a write to PAGES
 * pages of it, and a getuid, again and again, for whoever takes it back.
 * build: -O2 -D_GNU_SOURCE
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long mib = argc > 1 ? strtoul(argv[1], 0, 10) : 1, pages = argc > 2 ? strtoul(argv[2], 0, 10) : 1;
	char *p = malloc(mib << 20);

	if (!p)
		return 1;
	for (unsigned long i = 0; i < mib << 20; i += 4096)
		memset(p + i, (int)(i >> 12) | 1, 64);
	for (;;) {
		syscall(SYS_getppid);
		for (unsigned long i = 0; i < pages; i++)
			p[i * 4096 + 100]++;
		syscall(SYS_getuid);
	}
}
