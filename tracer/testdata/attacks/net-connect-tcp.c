/*
 * claim: connects to a TCP port of the loopback that somebody listens on
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 46, 54
 */
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

/* The port of argv[2] or, where there is none, one of its own. */
int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int c = socket(AF_INET, SOCK_STREAM, 0);

	if (c < 0)
		refused("socket");
	if (argc > 2) {
		a.sin_port = htons((uint16_t)strtoul(argv[2], 0, 10));
	} else {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		if (bind(s, (struct sockaddr *)&a, n) || listen(s, 1) || getsockname(s, (struct sockaddr *)&a, &n))
			refused("bind");
	}
	settle(connect(c, (struct sockaddr *)&a, n), "reached a listener");
}
