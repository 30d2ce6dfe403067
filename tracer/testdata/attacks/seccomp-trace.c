/*
 * claim: stacks a filter of its own whose RET_TRACE data would reach the supervisor
 * class: filter
 * bare: 1
 * compute: policy-violation seccomp | ok
 * needs: seccomp
 * see: pitfalls 36
 */
#include "attack.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);

	if (r < 0 && errno == EACCES) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	}
	if (r < 0)
		refused("seccomp");
	/* Without a tracer the call is ENOSYS; with one it must be no stop. */
	syscall(SYS_getppid);
	escaped("a filter of its own is in force");
}
