/*
 * claim: enters a namespace by pidfd with setns(2)
 * class: creds
 * bare: 1
 * compute: policy-violation pidfd_open
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_pidfd_open, parent(), 0);

	if (fd < 0)
		refused("pidfd_open");
	settle(syscall(SYS_setns, fd, CLONE_NEWUTS), "entered the supervisor's namespace");
}
