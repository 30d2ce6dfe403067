/*
 * claim: maps page 0 and the vsyscall page for itself
 * class: memory
 * bare: 0
 * compute: ok
 * see: pitfalls 54, 68
 */
#include "attack.h"

int main(void)
{
	if (mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED &&
	    geteuid() != 0)
		escaped("mapped page 0");
	if (mmap((void *)0xffffffffff600000UL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    MAP_FAILED)
		escaped("mapped the vsyscall page");
	refused("mmap");
}
