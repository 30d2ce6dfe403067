/*
 * claim: uses 512 MiB from four threads at once
 * class: memory
 * bare: 1
 * compute: memory-limit | ok
 * see: pitfalls 62
 */
#include "attack.h"

static void *eat(void *arg)
{
	char *p = mmap(0, 128L << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (p == MAP_FAILED)
		refused("mmap");
	for (long k = 0; k < 128L << 20; k += 4096)
		p[k] = 1;
	return p;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		t[i] = thread(eat, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	escaped("holds 512 MiB");
}
