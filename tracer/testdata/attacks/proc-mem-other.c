/*
 * claim: opens another process's memory for writing through /proc/PID/mem
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
	long pid = target(argc, argv), fd;

	*--p = 0;
	do
		*--p = (char)('0' + pid % 10);
	while (pid /= 10);
	strcat(path, p);
	strcat(path, "/mem");
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
	settle(fd, "may write another process's memory");
}
