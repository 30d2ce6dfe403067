/*
 * claim: sets an i386 TLS segment with int 0x80 (set_thread_area)
 * class: abi
 * bare: 1
 * compute: policy-violation
 * needs: i386
 * see: pitfalls 39, 68
 */
#include "attack.h"

static struct {
	unsigned entry, base, limit, flags;
} desc = { (unsigned)-1, 0x1000, 0xfffff, 0x51 };

int main(void)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(243L), "b"(&desc)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = (int)-r;
	settle(r, "set an i386 segment");
}
