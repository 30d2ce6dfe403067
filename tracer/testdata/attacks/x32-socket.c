/*
 * claim: makes a socket by its x32 number
 * class: abi
 * bare: 77 | 1
 * compute: policy-violation
 * see: pitfalls 40
 */
#include "attack.h"

int main(void)
{
	long r = syscall(SYS_socket | 0x40000000, 2, 1, 0);

	if (r >= 0)
		escaped("an x32 call was made");
	impossible("this kernel has no x32 calls");
}
