/*
 * claim: reads the supervisor's memory map in /proc
 * class: ptrace
 * bare: 1
 * compute: policy-violation openat
 * needs: root
 * see: pitfalls 32, 53
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char path[64] = "/proc/", digits[24], *p = digits + sizeof digits;
	char b[16];
	long pid = target(argc, argv), fd;

	*--p = 0;
	do
		*--p = (char)('0' + pid % 10);
	while (pid /= 10);
	strcat(path, p);
	strcat(path, "/maps");
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		refused("openat");
	if (read((int)fd, b, sizeof b) == sizeof b)
		escaped("read the supervisor's map");
	refused("read");
}
