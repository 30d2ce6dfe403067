/*
 * claim: switches address randomisation off with personality(2)
 * class: abi
 * bare: 1
 * compute: policy-violation personality
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_personality, 0x0040000UL /* ADDR_NO_RANDOMIZE */) < 0)
		refused("personality");
	if (syscall(SYS_personality, 0xffffffffUL) == 0x0040000)
		escaped("changed its personality");
	contained("nothing changed");
}
