/*
 * claim: enters 32-bit mode and makes an i386 call with the syscall instruction (AMD only)
 * class: abi
 * bare: 1 | 77
 * compute: policy-violation | exited 77
 * needs: i386
 * see: pitfalls 39, 44
 */
#include "attack.h"
#include "compat.h"
#include <ucontext.h>

/*
 * The kernel returns from this entry to the 32-bit vDSO, which a 64-bit
 * process has not: the call is made, then the program faults. The fault's
 * registers tell whether it was made.
 */
static void fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	if (sig == SIGILL)
		impossible("this processor has no syscall instruction in 32-bit mode");
	if ((uc->uc_mcontext.gregs[REG_RAX] & 0xffffffff) == getpid())
		escaped("an i386 call was made in 32-bit mode");
	contained("faulted before the call");
}

int main(void)
{
	static unsigned char altstack[65536];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof altstack };
	struct sigaction sa = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&ss, 0);
	sigaction(SIGSEGV, &sa, 0);
	sigaction(SIGILL, &sa, 0);
	if (in_compat(compat_syscall, 20) == getpid())
		escaped("an i386 call was made in 32-bit mode");
	contained("the call answered something else");
}
