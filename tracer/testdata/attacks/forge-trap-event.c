/*
 * claim: forges a ptrace event by a queued SIGTRAP whose code says seccomp stop
 * class: signals
 * bare: signaled SIGTRAP
 * compute: signaled SIGTRAP | policy-violation rt_tgsigqueueinfo | policy-violation rt_sigqueueinfo
 * see: pitfalls 18, 20, 24
 */
#include "attack.h"

int main(void)
{
	siginfo_t info = { 0 };
	long pid = syscall(SYS_getpid);

	info.si_signo = SIGTRAP;
	info.si_code = -(SIGTRAP | 7 << 8); /* negative: the kernel takes no other code from us */
	info.si_pid = getppid();
	if (syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGTRAP, &info) != 0)
		refused("rt_tgsigqueueinfo");
	escaped("SIGTRAP did not end it");
}
