/*
 * claim: enters 32-bit mode by a far return to CS 0x23 and makes an i386 call there
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 44
 */
#include "attack.h"
#include "compat.h"

int main(void)
{
	long pid = in_compat(compat_int80, 20);

	if (pid == getpid())
		escaped("an i386 call was made in 32-bit mode");
	contained("the call answered something else");
}
