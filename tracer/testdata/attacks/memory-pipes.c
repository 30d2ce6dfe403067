/*
 * claim: stores data in as many pipes as it may open, outside its address space
 * class: memory
 * bare: 0 | 1
 * compute: ok | memory-limit | policy-violation pipe2
 * see: pitfalls 62
 */
#include "attack.h"

/* Contained below 200 MiB; bare the descriptor and pipe limits decide. */
int main(void)
{
	static char block[65536];
	long stored = 0;

	for (;;) {
		int p[2];
		ssize_t n;

		if (pipe2(p, O_NONBLOCK) != 0)
			break;
		while ((n = write(p[1], block, sizeof block)) > 0)
			stored += n;
		if (stored >= 200L << 20)
			escaped("stored 200 MiB in pipes");
	}
	refused("pipe2");
}
