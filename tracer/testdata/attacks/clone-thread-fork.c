/*
 * claim: starts a thread that reports as a vfork and takes a mount namespace of its own
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * needs: root
 * see: pitfalls 10
 */
#include "attack.h"

static long stack[512] __attribute__((aligned(16)));
static volatile long seen;

/* CLONE_NEWNS, forbidden for certain, hides among flags that a careless test of a thread lets pass. */
int main(void)
{
	unsigned long flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_VFORK | CLONE_NEWNS | SIGCHLD;
	long tid;

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
