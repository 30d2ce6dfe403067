/*
 * claim: starts up to 5,000 threads that never end
 * class: resource
 * bare: 1
 * compute: ok | memory-limit | wall-time-limit | cpu-time-limit
 * see: pitfalls 14, 15
 */
#include "attack.h"

/* Contained below 1,000 threads: each makes every stop of all others dearer. */
static int word;

int main(void)
{
	static volatile int count;
	double end = now() + 1.5;

	for (count = 0; count < 5000 && now() < end; count++) {
		static char stacks[5000][512] __attribute__((aligned(16)));
		unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
		long tid;

		/* The thread waits on a futex for ever, without touching its stack. */
		__asm__ volatile("syscall\n\t"
				 "test %%rax, %%rax\n\t"
				 "jnz 2f\n\t"
				 "1: mov %%rbx, %%rdi\n\t"
				 "xor %%esi, %%esi\n\t"
				 "xor %%edx, %%edx\n\t"
				 "xor %%r10d, %%r10d\n\t"
				 "mov $202, %%eax\n\t" /* futex */
				 "syscall\n\t"
				 "jmp 1b\n\t"
				 "2:"
				 : "=a"(tid)
				 : "a"(SYS_clone), "D"(flags), "S"(stacks[count] + 496), "d"(0), "b"(&word)
				 : "rcx", "r10", "r11", "memory");
		if (tid < 0) {
			errno = (int)-tid;
			if (count < 1000)
				refused("clone");
			break;
		}
	}
	if (count < 1000)
		contained("few threads started in time");
	escaped("more than 1,000 threads");
}
