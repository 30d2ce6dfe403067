/*
 * claim: sends a UDP datagram to itself
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 54
 */
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	char b[2];
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0)
		refused("socket");
	if (bind(s, (struct sockaddr *)&a, n) || getsockname(s, (struct sockaddr *)&a, &n))
		refused("bind");
	if (sendto(s, "hi", 2, 0, (struct sockaddr *)&a, n) == 2 && recv(s, b, 2, 0) == 2 && b[0] == 'h')
		escaped("talked UDP");
	contained("nothing arrived");
}
