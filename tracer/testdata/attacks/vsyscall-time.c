/*
 * claim: reads the time through the vsyscall page (allowed)
 * class: abi
 * bare: 0
 * compute: ok
 * needs: vsyscall
 * see: pitfalls 42
 */
#include "attack.h"

int main(void)
{
	long (*vtime)(long *) = (long (*)(long *))0xffffffffff600400UL;
	long t = vtime(0);
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t + 2 < ts.tv_sec || t > ts.tv_sec + 2)
		escaped("the vsyscall page tells another time");
	contained("the vsyscall page tells the time");
}
