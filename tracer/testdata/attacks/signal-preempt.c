/*
 * claim: signals its parent by the call with which Go preempts its threads
 * class: signals
 * bare: 1
 * compute: policy-violation
 * see: pitfalls 39
 */
#include "attack.h"
#include <sys/syscall.h>

int main(void)
{
	if (syscall(SYS_tgkill, getppid(), getppid(), SIGURG) == 0)
		escaped("the parent got SIGURG");
	return 0;
}
