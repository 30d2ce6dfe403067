/*
 * claim: starts and ends threads for ever
 * class: resource
 * bare: timeout
 * compute: cpu-time-limit | wall-time-limit
 * see: pitfalls 12, 15
 */
#include "attack.h"

static void *nothing(void *arg)
{
	return arg;
}

int main(void)
{
	for (;;) {
		pthread_t t[16];

		for (int i = 0; i < 16; i++)
			t[i] = thread(nothing, 0);
		for (int i = 0; i < 16; i++)
			pthread_join(t[i], 0);
	}
}
