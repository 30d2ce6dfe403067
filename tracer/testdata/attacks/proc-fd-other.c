/*
 * claim: opens another process's stdout through /proc/PID/fd/1
 * class: ptrace
 * bare: 1
 * compute: policy-violation openat
 * needs: root
 * see: pitfalls 32, 53, 54
 */
#include "attack.h"

/* Only in the name of argv[2] something is written: the parent's is its own affair. */
int main(int argc, char **argv)
{
	char path[64] = "/proc/", digits[24], *p = digits + sizeof digits;
	long pid = target(argc, argv), fd;

	*--p = 0;
	do
		*--p = (char)('0' + pid % 10);
	while (pid /= 10);
	strcat(path, p);
	strcat(path, "/fd/1");
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_NONBLOCK, 0);
	if (fd < 0)
		refused("openat");
	if (argc > 2 && write((int)fd, "forged", 6) != 6)
		refused("write");
	escaped("holds another process's stdout");
}
