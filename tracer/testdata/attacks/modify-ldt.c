/*
 * claim: installs a segment of its own with modify_ldt(2)
 * class: abi
 * bare: 1
 * compute: policy-violation modify_ldt
 * see: pitfalls 68
 */
#include "attack.h"
#include <asm/ldt.h>

int main(void)
{
	struct user_desc d = { .base_addr = 0x1000, .limit = 0xfff, .seg_32bit = 1 };

	/* The kernel answers errors here without their sign: only 0 is success. */
	settle(syscall(SYS_modify_ldt, 1, &d, sizeof d) == 0 ? 0 : -1, "changed its LDT");
}
