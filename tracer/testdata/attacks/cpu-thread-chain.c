/*
 * claim: burns CPU in an endless chain of short threads, each too short to be noticed
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 59, 60
 */
#include "attack.h"

static void *burn(void *arg)
{
	double end = now() + 0.005;

	(void)arg;
	while (now() < end)
		;
	return 0;
}

int main(void)
{
	for (;;)
		pthread_join(thread(burn, 0), 0);
}
