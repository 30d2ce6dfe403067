/*
 * claim: sleeps a microsecond at a time to escape accounting by ticks
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit | wall-time-limit
 * see: pitfalls 59, 67
 */
#include "attack.h"

int main(void)
{
	struct timespec t = { 0, 1000 };

	for (;;) {
		for (volatile int i = 0; i < 20000; i++)
			;
		nanosleep(&t, 0);
	}
}
