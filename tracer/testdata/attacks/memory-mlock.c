/*
 * claim: nails a page into memory with mlock(2)
 * class: memory
 * bare: 1
 * compute: ok
 * see: pitfalls 62, 67
 */
#include "attack.h"

int main(void)
{
	static char page[4096] __attribute__((aligned(4096)));

	settle(syscall(SYS_mlock, page, sizeof page), "locked a page");
}
