/*
 * claim: opens a raw packet socket
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/socket.h>

int main(void)
{
	settle(socket(AF_PACKET, SOCK_RAW, 0), "has a packet socket");
}
