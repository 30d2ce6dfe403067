/*
 * claim: starts a process with clone3(2), whose flags lie in memory
 * class: tree
 * bare: 1
 * compute: ok
 * see: pitfalls 8
 */
#include "attack.h"
#include <linux/sched.h>

int main(void)
{
	struct clone_args args = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	volatile long *seen = shared(4096);
	long pid = raw(SYS_clone3, (unsigned long)&args, sizeof args, 0, 0, 0, 0);

	if (pid < 0)
		refused("clone3");
	if (pid == 0) {
		*seen = syscall(SYS_getpid);
		_exit(0);
	}
	waitpid((pid_t)pid, 0, __WALL);
	if (*seen)
		escaped("a second, untraced process ran");
	contained("the child never ran");
}
