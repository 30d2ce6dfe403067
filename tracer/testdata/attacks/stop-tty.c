/*
 * claim: stops all its threads by SIGTSTP, SIGTTIN and SIGTTOU
 * class: signals
 * bare: timeout | 0
 * compute: wall-time-limit | ok
 * see: pitfalls 18, 61
 */
#include "attack.h"

/* In an orphaned process group these signals do nothing. */
static _Noreturn void *idle(void *arg)
{
	(void)arg;
	for (;;)
		nap_ms(1000);
}

int main(void)
{
	for (int i = 0; i < 4; i++)
		thread(idle, 0);
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	contained("the stops had no effect");
}
