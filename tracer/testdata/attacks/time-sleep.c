/*
 * claim: sleeps for ever
 * class: time
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 61
 */
#include "attack.h"

int main(void)
{
	for (;;)
		nap_ms(1000000);
}
