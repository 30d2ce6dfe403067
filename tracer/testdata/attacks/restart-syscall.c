/*
 * claim: calls restart_syscall(2) out of turn and after an interrupted sleep
 * class: signals
 * bare: 0
 * compute: ok
 * see: pitfalls 28
 */
#include "attack.h"
#include <sys/time.h>

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };
	struct timespec t = { 0, 200000000 };
	double start = now();

	if (syscall(SYS_restart_syscall) >= 0)
		escaped("there was something to restart");
	signal(SIGALRM, nothing);
	setitimer(ITIMER_REAL, &it, 0);
	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
	if (now() - start < 0.19)
		escaped("the sleep was cut short");
	contained("slept its time");
}
