/*
 * claim: opens /etc/passwd with int 0x80, where 5 is open and not fstat
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 44
 */
#include "attack.h"

static char path[] = "/etc/passwd"; /* static and not PIE: below 4 GiB */

int main(void)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(5L), "b"(path), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	if (r >= 0 && is_passwd((int)r))
		escaped("read /etc/passwd");
	errno = (int)-r;
	refused("int 0x80 open");
}
