/*
 * claim: sends itself real-time and odd signals that look like stops (0x85 is no signal)
 * class: signals
 * bare: 0
 * compute: ok
 * see: pitfalls 18, 20
 */
#include "attack.h"

static volatile int got;

static void count(int sig)
{
	(void)sig;
	got++;
}

int main(void)
{
	long pid = syscall(SYS_getpid), tid = syscall(SYS_gettid);

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		signal(sig, count);
		syscall(SYS_tgkill, pid, tid, sig);
	}
	if (syscall(SYS_tgkill, pid, tid, 0x85) == 0 || syscall(SYS_tgkill, pid, tid, 65) == 0)
		escaped("a signal that does not exist was sent");
	if (got != SIGRTMAX - SIGRTMIN + 1)
		escaped("a signal was lost");
	contained("every signal arrived once");
}
