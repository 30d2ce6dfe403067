/*
 * claim: computes for ever in four threads
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 59, 60
 */
#include "attack.h"

static _Noreturn void *spin(void *arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("");
}

int main(void)
{
	for (int i = 0; i < 3; i++)
		thread(spin, 0);
	spin(0);
}
