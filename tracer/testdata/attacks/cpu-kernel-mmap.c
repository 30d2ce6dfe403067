/*
 * claim: burns kernel CPU by populating and unmapping memory for ever
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 79
 */
#include "attack.h"

int main(void)
{
	for (;;) {
		void *p = mmap(0, 32 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p != MAP_FAILED)
			munmap(p, 32 << 20);
	}
}
