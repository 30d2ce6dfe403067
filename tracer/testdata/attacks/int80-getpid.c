/*
 * claim: makes an i386 call (getpid) with int 0x80
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 44
 */
#include "attack.h"

int main(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	if (r == getpid())
		escaped("an i386 call was made");
	contained("int 0x80 answered something else");
}
