/*
 * claim: writes 64 MiB to stdout and stderr from four threads
 * class: output
 * bare: 1
 * compute: output-limit
 * see: pitfalls 63
 */
#include "attack.h"

static void *quarter(void *arg)
{
	static char block[65536];

	for (int i = 0; i < 256; i++)
		if (write(arg ? 1 : 2, block, sizeof block) < 0)
			refused("write");
	return 0;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		t[i] = thread(quarter, i % 2 ? &t : 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	escaped("wrote 64 MiB");
}
