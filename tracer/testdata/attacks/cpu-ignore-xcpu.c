/*
 * claim: computes for ever with every signal caught or blocked
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 59, 79
 */
#include "attack.h"

static void ignore(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = ignore };
	sigset_t all;

	for (int sig = 1; sig < 65; sig++)
		sigaction(sig, &sa, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, 0);
	for (;;)
		__asm__ volatile("");
}
