/*
 * claim: starts a thread that no tracer follows
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 7, 10
 */
#include "attack.h"

/* A thread like any other, but for CLONE_UNTRACED: its calls go unseen. */
static long stack[512] __attribute__((aligned(16)));
static volatile long seen;

int main(void)
{
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM | CLONE_UNTRACED;
	long tid;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov $186, %%eax\n\t" /* gettid */
			 "syscall\n\t"
			 "mov %%rax, %1\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov $60, %%eax\n\t" /* exit */
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
		escaped("an untraced thread ran");
	contained("the thread never ran");
}
