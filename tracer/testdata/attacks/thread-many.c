/*
 * claim: runs a hundred threads at a time
 * class: resource
 * bare: 1
 * compute: ok
 * see: pitfalls 14, 15
 */
#include "attack.h"

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(void)
{
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < 100; i++) {
		pthread_t t;

		if (pthread_create(&t, &small, wait_for_ever, 0) != 0)
			contained("pthread_create refused");
	}
	escaped("runs a hundred threads");
}
