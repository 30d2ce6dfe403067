/*
 * claim: blocks every signal and pauses for ever
 * class: time
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 61
 */
#include "attack.h"

int main(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, 0);
	for (;;)
		syscall(SYS_pause);
}
