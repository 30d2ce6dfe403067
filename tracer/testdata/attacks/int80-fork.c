/*
 * claim: forks with int 0x80, where 2 is fork and not open
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 82
 */
#include "attack.h"

int main(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(2L) : "memory", "r8", "r9", "r10", "r11");
	if (r == 0)
		_exit(0);
	if (r > 0) {
		waitpid((pid_t)r, 0, 0);
		escaped("forked");
	}
	errno = (int)-r;
	refused("int 0x80 fork");
}
