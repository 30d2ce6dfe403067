/*
 * A thread whose registers are in a known relation at every instruction, and
 * others that write to memory as fast as they can.
 *
 * The thread adds one to fifteen registers and two to five, in a fixed order
 * and for ever: at any instruction the first ones are a step ahead of the
 * rest, and the instruction's place tells how many. It prints its id and the
 * address of the first instruction of the round. The argument is how many
 * others there are.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void relation(void);
extern char relation_round[];

__asm__(
	".text\n"
	"relation:\n"
	"	pcmpeqd %xmm15, %xmm15\n"
	"	psrlq $63, %xmm15\n" /* one, twice */
	"	xor %eax, %eax\n"
	"	xor %ebx, %ebx\n"
	"	xor %ecx, %ecx\n"
	"	xor %edx, %edx\n"
	"	xor %esi, %esi\n"
	"	xor %edi, %edi\n"
	"	xor %ebp, %ebp\n"
	"	xor %r8d, %r8d\n"
	"	xor %r9d, %r9d\n"
	"	xor %r10d, %r10d\n"
	"	xor %r11d, %r11d\n"
	"	xor %r12d, %r12d\n"
	"	xor %r13d, %r13d\n"
	"	xor %r14d, %r14d\n"
	"	xor %r15d, %r15d\n"
	"	pxor %xmm0, %xmm0\n"
	"	pxor %xmm1, %xmm1\n"
	"	pxor %xmm2, %xmm2\n"
	"	pxor %xmm3, %xmm3\n"
	"	pxor %xmm4, %xmm4\n"
	".globl relation_round\n"
	"relation_round:\n" /* 15 instructions of 3 bytes, 5 of 5 */
	"	inc %rax\n"
	"	inc %rbx\n"
	"	inc %rcx\n"
	"	inc %rdx\n"
	"	inc %rsi\n"
	"	inc %rdi\n"
	"	inc %rbp\n"
	"	inc %r8\n"
	"	inc %r9\n"
	"	inc %r10\n"
	"	inc %r11\n"
	"	inc %r12\n"
	"	inc %r13\n"
	"	inc %r14\n"
	"	inc %r15\n"
	"	paddq %xmm15, %xmm0\n"
	"	paddq %xmm15, %xmm1\n"
	"	paddq %xmm15, %xmm2\n"
	"	paddq %xmm15, %xmm3\n"
	"	paddq %xmm15, %xmm4\n"
	"	jmp relation_round\n");

static void *keep(void *arg)
{
	(void)arg;
	printf("%d %lx\n", gettid(), (unsigned long)relation_round);
	fflush(stdout);
	relation();
	return 0;
}

static void *scribble(void *arg)
{
	size_t size = 4 << 20;
	unsigned char *p = malloc(size);

	(void)arg;
	for (unsigned char i = 0;; i++) {
		memset(p, i, size);
		__asm__ volatile("" : : "r"(p) : "memory");
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;

	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--)
		pthread_create(&t, 0, scribble, 0);
	pthread_create(&t, 0, keep, 0);
	pthread_join(t, 0);
	return 0;
}
