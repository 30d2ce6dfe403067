/*
 * claim: starts a process with fork(2)
 * class: tree
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 5, 14
 */
#include "attack.h"

int main(void)
{
	volatile long *seen = shared(4096);
	long pid = raw(SYS_fork, 0, 0, 0, 0, 0, 0);

	if (pid < 0)
		refused("fork");
	if (pid == 0) {
		*seen = syscall(SYS_getpid);
		_exit(0);
	}
	waitpid((pid_t)pid, 0, 0);
	if (*seen)
		escaped("a second process ran");
	contained("the child never ran");
}
