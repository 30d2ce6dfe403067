/*
 * Ends as its registers are set to say. "spin": loops until rbx is not 0, and
 * exits with the sum of rbx and xmm3's lowest 64 bits. "pause": waits in a call
 * for ever; prints the address of code that exits with 9.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void spin(void);
extern char nine[];

__asm__(
	".text\n"
	"spin:\n"
	"	xor %ebx, %ebx\n"
	"	pxor %xmm3, %xmm3\n"
	"1:	test %rbx, %rbx\n"
	"	jz 1b\n"
	"	movq %xmm3, %rdi\n"
	"	add %rbx, %rdi\n"
	"	jmp 2f\n"
	".globl nine\n"
	"nine:\n"
	"	mov $9, %edi\n"
	"2:	mov $231, %eax\n" /* exit_group */
	"	syscall\n"
	"	ud2\n");

int main(int argc, char **argv)
{
	printf("%p\n", (void *)nine);
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "spin") == 0)
		spin();
	for (;;)
		pause();
}
