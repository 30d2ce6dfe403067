/*
 * claim: talks TCP over the loopback
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 46, 54
 */
#include "attack.h"
#include <arpa/inet.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	char b[2];
	int s, c, t;

	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0)
		refused("socket");
	if (bind(s, (struct sockaddr *)&a, n) || listen(s, 1) || getsockname(s, (struct sockaddr *)&a, &n))
		refused("bind");
	c = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c, (struct sockaddr *)&a, n) != 0)
		refused("connect");
	t = accept(s, 0, 0);
	if (write(c, "hi", 2) == 2 && read(t, b, 2) == 2 && memcmp(b, "hi", 2) == 0)
		escaped("talked TCP");
	contained("nothing arrived");
}
