/*
 * claim: has the kernel send it signals from a one-microsecond timer for ever
 * class: signals
 * bare: timeout
 * compute: wall-time-limit | cpu-time-limit | policy-violation timer_create
 * see: pitfalls 22
 */
#include "attack.h"

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	struct itimerspec it = { { 0, 1000 }, { 0, 1000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	int id = 0;

	signal(SIGRTMIN, nothing);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id) != 0)
		refused("timer_create");
	if (syscall(SYS_timer_settime, id, 0, &it, 0) != 0)
		refused("timer_settime");
	for (;;)
		;
}
