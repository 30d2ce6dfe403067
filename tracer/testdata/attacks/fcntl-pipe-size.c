/*
 * claim: grows a pipe to a mebibyte with fcntl(F_SETPIPE_SZ)
 * class: memory
 * bare: 1
 * compute: ok | policy-violation fcntl
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	int p[2];

	if (pipe2(p, 0) != 0)
		refused("pipe2");
	settle(fcntl(p[1], F_SETPIPE_SZ, 1 << 20), "the pipe holds a mebibyte");
}
