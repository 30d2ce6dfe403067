/*
 * claim: enters 32-bit mode by a signal frame whose CS is 0x23 and makes an i386 call there
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 44
 */
#include "attack.h"
#include "compat.h"
#include <ucontext.h>

static void into_compat(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	compat_back_rsp = (unsigned long)uc->uc_mcontext.gregs[REG_RSP];
	compat_back_rip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	uc->uc_mcontext.gregs[REG_CSGSFS] &= ~0xffffL;
	uc->uc_mcontext.gregs[REG_CSGSFS] |= 0x23;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)compat_int80;
	uc->uc_mcontext.gregs[REG_RAX] = 20;
	uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(compat_stack + 500);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = into_compat, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &sa, 0);
	raise(SIGUSR1);
	if (compat_result == getpid())
		escaped("an i386 call was made in 32-bit mode");
	contained("the call answered something else");
}
