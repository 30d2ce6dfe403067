/*
 * claim: opens a netlink socket to the kernel
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/socket.h>

int main(void)
{
	settle(socket(AF_NETLINK, SOCK_RAW, 0), "has a netlink socket");
}
