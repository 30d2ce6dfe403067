/*
 * compat.h: ways into 32-bit mode, for static programs below 4 GiB.
 *
 * compat_int80 and compat_syscall are 32-bit code: each makes the i386 call
 * in eax, leaves the answer in compat_result and jumps back to 64-bit mode,
 * to the address in compat_back_rip with the stack compat_back_rsp.
 */
#ifndef COMPAT_H
#define COMPAT_H

extern const char compat_int80[], compat_syscall[];
extern volatile unsigned long compat_back_rip, compat_back_rsp;
extern volatile long compat_result;
extern long compat_stack[512];

volatile unsigned long compat_back_rip, compat_back_rsp;
volatile long compat_result = -1;
long compat_stack[512] __attribute__((aligned(16)));

__asm__(".text\n"
	".code32\n"
	"compat_int80:\n\t"
	"int $0x80\n\t"
	"ljmp $0x33, $compat_back\n"
	"compat_syscall:\n\t"
	"syscall\n\t"
	"ljmp $0x33, $compat_back\n"
	".code64\n"
	"compat_back:\n\t"
	"movslq %eax, %rax\n\t"
	"mov %rax, compat_result(%rip)\n\t"
	"mov compat_back_rsp(%rip), %rsp\n\t"
	"jmp *compat_back_rip(%rip)\n");

static UNUSED __attribute__((noinline)) long in_compat(const char *code, long number)
{
	__asm__ volatile("push %%rbx\n\t"
			 "push %%rbp\n\t"
			 "movq $1f, compat_back_rip(%%rip)\n\t"
			 "mov %%rsp, compat_back_rsp(%%rip)\n\t"
			 "lea compat_stack+2048(%%rip), %%rsp\n\t"
			 "pushq $0x23\n\t"
			 "pushq %0\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "pop %%rbp\n\t"
			 "pop %%rbx\n\t"
			 :
			 : "r"(code), "a"(number)
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	return compat_result;
}

#endif
