/*
 * claim: lets threads stop and continue the process in an endless loop
 * class: signals
 * bare: timeout
 * compute: wall-time-limit | cpu-time-limit
 * see: pitfalls 18, 22
 */
#include "attack.h"

static _Noreturn void *cont(void *arg)
{
	long pid = syscall(SYS_getpid);

	(void)arg;
	for (;;) {
		syscall(SYS_kill, pid, SIGSTOP);
		syscall(SYS_kill, pid, SIGCONT);
	}
}

int main(void)
{
	thread(cont, 0);
	cont(0);
}
