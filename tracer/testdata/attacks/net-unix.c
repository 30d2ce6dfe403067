/*
 * claim: listens on an abstract UNIX socket and connects to it
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 54
 */
#include "attack.h"
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t n = sizeof a.sun_family; /* the kernel picks a name */
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (s < 0)
		refused("socket");
	if (bind(s, (struct sockaddr *)&a, n) || listen(s, 1))
		refused("bind");
	n = sizeof a;
	if (getsockname(s, (struct sockaddr *)&a, &n))
		refused("getsockname");
	settle(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, n), "connected");
}
