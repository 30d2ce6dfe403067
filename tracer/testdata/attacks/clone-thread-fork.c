/*
 * claim: starts a thread by the flags of a fork, CLONE_THREAD|SIGCHLD with CLONE_VFORK
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 10
 */
#include "attack.h"

static long stack[512] __attribute__((aligned(16)));
static volatile long seen;

/* Not an escape by itself where threads are free: bare it shows that the kernel takes it. */
int main(void)
{
	unsigned long flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_VFORK | CLONE_NEWNS | SIGCHLD;
	long tid;

	/* CLONE_NEWNS makes it forbidden for certain, and needs root bare. */
	if (geteuid() != 0)
		flags &= ~(unsigned long)CLONE_NEWNS;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov $186, %%eax\n\t"
			 "syscall\n\t"
			 "mov %%rax, %1\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov $60, %%eax\n\t"
			 "syscall\n\t"
			 "1:"
			 : "=a"(tid), "=m"(seen)
			 : "a"(SYS_clone), "D"(flags), "S"(stack + 510), "d"(0)
			 : "rcx", "r11", "memory");
	if (tid < 0) {
		errno = (int)-tid;
		refused("clone");
	}
	for (int i = 0; i < 500 && !seen; i++)
		nap_ms(2);
	if (seen == tid)
		escaped("a thread with a fork's flags ran");
	contained("the thread never ran");
}
