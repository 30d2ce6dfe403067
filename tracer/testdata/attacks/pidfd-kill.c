/*
 * claim: opens the supervisor with pidfd_open and signals it with pidfd_send_signal
 * class: signals
 * bare: 1
 * compute: policy-violation pidfd_open
 * see: pitfalls 32
 */
#include "attack.h"

int main(int argc, char **argv)
{
	long fd = syscall(SYS_pidfd_open, target(argc, argv), 0);

	if (fd < 0)
		refused("pidfd_open");
	settle(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0), "may signal the supervisor");
}
