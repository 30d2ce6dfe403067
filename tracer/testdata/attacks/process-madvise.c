/*
 * claim: advises on the supervisor's memory with process_madvise(2)
 * class: memory
 * bare: 1
 * compute: policy-violation pidfd_open
 * needs: root, ptrace
 * see: pitfalls 32, 62
 */
#include "attack.h"
#include <sys/uio.h>

int main(int argc, char **argv)
{
	struct iovec v = { (void *)0x400000, 4096 };
	long fd = syscall(SYS_pidfd_open, target(argc, argv), 0);

	if (fd < 0)
		refused("pidfd_open");
	/* MADV_COLD moves pages to the cold list and changes nothing else. */
	if (syscall(SYS_process_madvise, fd, &v, 1UL, 20, 0UL) >= 0 || errno == ENOMEM)
		escaped("advised on the supervisor's memory");
	refused("process_madvise");
}
