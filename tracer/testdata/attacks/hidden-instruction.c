/*
 * claim: makes a forbidden call by jumping into the middle of an instruction
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 39
 */
#include "attack.h"

/* The immediate 0xc3050f holds the bytes of syscall and ret. */
extern const char hidden[];
__asm__(".text\nhidden_outer: mov $0xc3050f, %ecx\n ret\n .set hidden, hidden_outer + 1\n");

int main(void)
{
	long fd;

	__asm__ volatile("call *%1"
			 : "=a"(fd)
			 : "r"(hidden), "a"((long)SYS_socket), "D"(1L), "S"(1L), "d"(0L)
			 : "rcx", "r11", "memory");
	errno = (int)-fd;
	settle(fd, "a hidden instruction made a socket");
}
