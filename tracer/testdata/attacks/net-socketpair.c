/*
 * claim: makes a socket pair, which can carry descriptors
 * class: net
 * bare: 1
 * compute: policy-violation socketpair
 * see: pitfalls 54, 62
 */
#include "attack.h"
#include <sys/socket.h>

int main(void)
{
	int p[2];
	char b[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
		refused("socketpair");
	if (write(p[0], "hi", 2) == 2 && read(p[1], b, 2) == 2 && b[0] == 'h')
		escaped("talked over a socket pair");
	contained("nothing arrived");
}
