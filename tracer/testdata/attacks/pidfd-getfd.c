/*
 * claim: copies a descriptor of the supervisor's with pidfd_getfd(2)
 * class: ptrace
 * bare: 1
 * compute: policy-violation pidfd_open
 * needs: root, ptrace
 * see: pitfalls 32, 54
 */
#include "attack.h"

int main(int argc, char **argv)
{
	long fd = syscall(SYS_pidfd_open, target(argc, argv), 0), got = -1;
	struct stat st;

	if (fd < 0)
		refused("pidfd_open");
	for (int i = 0; i < 8 && got < 0; i++)
		got = syscall(SYS_pidfd_getfd, fd, i, 0);
	if (got < 0)
		refused("pidfd_getfd");
	settle(fstat((int)got, &st), "holds the supervisor's descriptor");
}
