/*
 * claim: lets its first thread exit and sleeps for ever in another one
 * class: time
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 11, 61
 */
#include "attack.h"

static _Noreturn void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		nap_ms(1000000);
}

int main(void)
{
	thread(sleeper, 0);
	syscall(SYS_exit, 0);
	return 0;
}
