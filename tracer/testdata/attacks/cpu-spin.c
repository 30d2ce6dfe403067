/*
 * claim: computes for ever
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 59, 79
 */
#include "attack.h"

int main(void)
{
	for (;;)
		__asm__ volatile("");
}
