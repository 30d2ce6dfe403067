/*
 * Holds newfstatat(fd, "", &st, AT_EMPTY_PATH) against fstat(fd, &st): result,
 * errno and every byte, for descriptors of many kinds and for none. Prints how
 * many it compared. It bears the note of Go's linker, as Go's programs do.
 * build: -static
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

__asm__(".section .note.go.buildid, \"a\", @note\n.long 4, 4, 4\n.asciz \"Go\\0\"\n.long 0\n.text\n");

int main(void)
{
	int p[2], list[] = { 0, 1, 2, -1, -1, -1, 60, -1, -100, 1 << 20 };
	int n = sizeof list / sizeof *list;

	if (pipe2(p, 0) != 0 || (list[5] = eventfd(1, 0)) < 0)
		return 1;
	list[3] = p[0];
	list[4] = p[1];
	for (int i = 0; i < n; i++) {
		struct stat a, b;
		long ra, rb;
		int ea, eb;

		memset(&a, 0x55, sizeof a);
		memset(&b, 0x55, sizeof b);
		errno = 0;
		ra = syscall(SYS_newfstatat, list[i], "", &a, AT_EMPTY_PATH);
		ea = errno;
		errno = 0;
		rb = syscall(SYS_fstat, list[i], &b);
		eb = errno;
		if (ra != rb || ea != eb || memcmp(&a, &b, sizeof a) != 0) {
			printf("descriptor %d: %ld, errno %d, uid %u; fstat %ld, errno %d, uid %u\n",
			       list[i], ra, ea, a.st_uid, rb, eb, b.st_uid);
			return 1;
		}
	}
	if (syscall(SYS_newfstatat, 0, "", 8L, AT_EMPTY_PATH) != -1 || errno != EFAULT) {
		printf("a buffer that is not there: errno %d\n", errno);
		return 1;
	}
	printf("%d\n", n);
	return 0;
}
