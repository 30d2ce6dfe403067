/* clone.h: one clone with given flags, and whether the child really ran. */
#ifndef CLONE_H
#define CLONE_H

static _Noreturn void clone_attempt(unsigned long flags)
{
	volatile long *seen = shared(4096);
	/* A child in our own memory needs a stack; a copy may use ours. */
	static long stack[512] __attribute__((aligned(16)));
	unsigned long sp = flags & CLONE_VM ? (unsigned long)(stack + 510) : 0;
	long pid;

	/* The child touches registers and *seen only, so any stack will do. */
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov $39, %%eax\n\t" /* getpid */
			 "syscall\n\t"
			 "mov %%rax, (%%rbx)\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov $60, %%eax\n\t" /* exit */
			 "syscall\n\t"
			 "1:"
			 : "=a"(pid)
			 : "a"(SYS_clone), "D"(flags), "S"(sp), "d"(0), "b"(seen)
			 : "rcx", "r11", "memory");
	if (pid < 0) {
		errno = (int)-pid;
		refused("clone");
	}
	if (waitpid((pid_t)pid, 0, __WALL) < 0) /* with CLONE_PARENT it is not ours */
		for (int i = 0; i < 500 && !*seen; i++)
			nap_ms(2);
	if (*seen)
		escaped("a second process ran");
	contained("the child never ran");
}

#endif
