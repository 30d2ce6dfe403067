/*
 * claim: starts a process with vfork(2), suspending itself
 * class: tree
 * bare: 1
 * compute: policy-violation vfork
 * see: pitfalls 4, 10
 */
#include "attack.h"

int main(void)
{
	static volatile long seen;
	long pid = raw(SYS_vfork, 0, 0, 0, 0, 0, 0);

	if (pid < 0)
		refused("vfork");
	if (pid == 0) {
		seen = raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
		raw(SYS_exit, 0, 0, 0, 0, 0, 0);
	}
	if (seen)
		escaped("a second process ran in our memory");
	contained("the child never ran");
}
