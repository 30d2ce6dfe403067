/*
 * claim: lets four threads send each other handled signals in an endless loop
 * class: signals
 * bare: timeout
 * compute: wall-time-limit | cpu-time-limit
 * see: pitfalls 22
 */
#include "attack.h"

static void nothing(int sig)
{
	(void)sig;
}

static _Noreturn void *storm(void *arg)
{
	long pid = syscall(SYS_getpid);

	(void)arg;
	for (;;)
		syscall(SYS_kill, pid, SIGUSR1);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &sa, 0);
	for (int i = 0; i < 3; i++)
		thread(storm, 0);
	storm(0);
}
