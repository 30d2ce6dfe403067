/*
 * claim: makes a forbidden call with its own trap flag set
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 20, 24
 */
#include "attack.h"

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	long fd;

	signal(SIGTRAP, nothing);
	__asm__ volatile("sub $256, %%rsp\n\t"
			 "pushf\n\t"
			 "orl $0x100, (%%rsp)\n\t"
			 "popf\n\t"
			 "syscall\n\t"
			 "nop\n\t"
			 "pushf\n\t"
			 "andl $~0x100, (%%rsp)\n\t"
			 "popf\n\t"
			 "add $256, %%rsp\n\t"
			 : "=a"(fd)
			 : "a"((long)SYS_socket), "D"(1L), "S"(1L), "d"(0L)
			 : "rcx", "r11", "memory", "cc");
	errno = (int)-fd;
	settle(fd, "made a socket while stepping itself");
}
