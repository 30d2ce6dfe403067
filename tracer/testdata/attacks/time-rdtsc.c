/*
 * claim: reads time by rdtsc and the vDSO (allowed)
 * class: time
 * bare: 0
 * compute: ok
 * see: pitfalls 56, 58
 */
#include "attack.h"
#include <x86intrin.h>

int main(void)
{
	unsigned long a = __rdtsc(), b;
	double t = now();

	while (now() == t)
		;
	b = __rdtsc();
	if (b < a)
		escaped("time runs backwards");
	contained("time can be read");
}
