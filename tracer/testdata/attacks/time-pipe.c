/*
 * claim: reads for ever from a pipe whose other end it holds
 * class: time
 * bare: timeout
 * compute: wall-time-limit | policy-violation pipe2
 * see: pitfalls 61
 */
#include "attack.h"

int main(void)
{
	char c;
	int p[2];

	if (pipe2(p, 0) != 0)
		refused("pipe2");
	settle(read(p[0], &c, 1), "the pipe gave something");
}
