/*
 * claim: grows a pipe by F_SETPIPE_SZ with junk in the upper half of the command
 * class: abi
 * bare: 1
 * compute: ok | policy-violation fcntl
 * see: pitfalls 41, 62
 */
#include "attack.h"

int main(void)
{
	int p[2];

	if (pipe2(p, 0) != 0)
		refused("pipe2");
	if (raw(SYS_fcntl, (unsigned)p[1], 0x6666666600000000UL | F_SETPIPE_SZ, 1 << 20, 0, 0, 0) < 0)
		refused("fcntl");
	escaped("the pipe holds a mebibyte");
}
