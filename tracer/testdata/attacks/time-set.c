/*
 * claim: calls clock_settime(2), with a time the kernel must refuse
 * class: time
 * bare: 0
 * compute: policy-violation clock_settime
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	struct timespec t = { 0, -1 };

	settle(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), "set the clock");
}
