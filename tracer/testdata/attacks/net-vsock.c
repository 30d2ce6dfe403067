/*
 * claim: opens a socket to the hypervisor
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * needs: vsock
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/socket.h>

int main(void)
{
	settle(socket(AF_VSOCK, SOCK_STREAM, 0), "has a vsock socket");
}
