/*
 * claim: makes the pipe behind its stdout non-blocking with ioctl(FIONBIO)
 * class: output
 * bare: 1
 * compute: ok | policy-violation ioctl
 * see: pitfalls 41, 63
 */
#include "attack.h"
#include <sys/ioctl.h>

int main(void)
{
	int on = 1, off = 0;

	if (syscall(SYS_ioctl, 1, FIONBIO, &on) != 0)
		refused("ioctl");
	if (fcntl(1, F_GETFL) & O_NONBLOCK) {
		ioctl(1, FIONBIO, &off);
		escaped("changed the mode of stdout for all who share it");
	}
	contained("the mode did not change");
}
