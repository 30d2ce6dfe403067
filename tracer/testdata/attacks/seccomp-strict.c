/*
 * claim: goes into strict mode by prctl(PR_SET_SECCOMP)
 * class: filter
 * bare: 1
 * compute: policy-violation prctl | ok
 * needs: seccomp
 * see: pitfalls 36, 37
 */
#include "attack.h"
#include <linux/seccomp.h>
#include <sys/prctl.h>

int main(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0)
		refused("prctl");
	say("ESCAPED: is in strict mode\n");
	syscall(SYS_exit, 1); /* exit_group is not in strict mode's list */
	return 1;
}
