/*
 * claim: makes a forbidden call in one thread in the moment another one ends the process
 * class: tree
 * bare: 0 | 1
 * compute: ok | policy-violation socket
 * see: pitfalls 23, 26
 */
#include "attack.h"

/*
 * Which of the two wins differs from run to run, so bare both statuses are
 * right. Contained means: ended, and with one verdict or the other.
 */
static volatile int ready;
static volatile long made;

static _Noreturn void *attack(void *arg)
{
	(void)arg;
	ready = 1;
	for (;;)
		if (syscall(SYS_socket, 2, 1, 0) >= 0)
			made++;
}

int main(void)
{
	thread(attack, 0);
	while (!ready)
		sched_yield();
	for (volatile unsigned i = 0; i < (unsigned)(getpid() % 64) * 50; i++)
		;
	syscall(SYS_exit_group, made ? 1 : 0);
	return 0;
}
