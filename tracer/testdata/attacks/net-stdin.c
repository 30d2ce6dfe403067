/*
 * claim: receives a descriptor over stdin, should that be a UNIX socket
 * class: net
 * bare: 0
 * compute: policy-violation recvmsg
 * see: pitfalls 54
 */
#include "attack.h"
#include <sys/socket.h>

int main(void)
{
	char b[1], control[64];
	struct iovec v = { b, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };

	settle(recvmsg(0, &m, MSG_DONTWAIT), "received over stdin");
}
