/*
 * claim: waits on a futex for ever
 * class: time
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 61
 */
#include "attack.h"

int main(void)
{
	int word = 0;

	for (;;)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, 0, 0, 0);
}
