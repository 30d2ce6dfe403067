/*
 * claim: nails a page into memory with mmap(MAP_LOCKED)
 * class: memory
 * bare: 1
 * compute: ok | policy-violation mmap
 * see: pitfalls 62
 */
#include "attack.h"

/* A page within RLIMIT_MEMLOCK is no escape but a difference; a limit of 0 refuses it. */
int main(void)
{
	void *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	escaped("locked a page");
}
