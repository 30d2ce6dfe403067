/*
 * claim: makes a socket with junk in the upper half of the syscall number
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 41
 */
#include "attack.h"

int main(void)
{
	long fd = raw(0xdeadbeef00000000UL | SYS_socket, 1, 1, 0, 0, 0, 0);

	if (fd < 0)
		refused("socket");
	settle(fstat((int)fd, &(struct stat){ 0 }), "has a socket");
}
