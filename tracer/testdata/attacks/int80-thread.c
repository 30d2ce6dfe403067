/*
 * claim: makes an i386 call in a thread whose leader has exited
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 11, 39
 */
#include "attack.h"

static void *attack(void *arg)
{
	long r;

	(void)arg;
	nap_ms(50);
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	if (r == getpid())
		escaped("an i386 call was made");
	contained("int 0x80 answered something else");
}

int main(void)
{
	thread(attack, 0);
	syscall(SYS_exit, 0);
	return 0;
}
