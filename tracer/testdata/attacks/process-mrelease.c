/*
 * claim: asks the kernel to reap the supervisor's memory with process_mrelease(2)
 * class: memory
 * bare: 1
 * compute: policy-violation pidfd_open
 * see: pitfalls 32
 */
#include "attack.h"

/* A live process answers EINVAL: the call then was made, and found it alive. */
int main(void)
{
	long fd = syscall(SYS_pidfd_open, parent(), 0);

	if (fd < 0)
		refused("pidfd_open");
	if (syscall(SYS_process_mrelease, fd, 0) == 0 || errno == EINVAL)
		escaped("the call reached the supervisor's memory");
	refused("process_mrelease");
}
