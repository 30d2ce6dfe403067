/*
 * claim: overflows its stack by endless recursion
 * class: memory
 * bare: signaled SIGSEGV
 * compute: signaled SIGSEGV | memory-limit
 * see: pitfalls 16, 62
 */
#include "attack.h"

static volatile long depth;

static __attribute__((noinline)) long down(volatile char *above)
{
	volatile char frame[4096];

	frame[0] = above[0];
	if (depth++ < 0)
		return 0;
	return down(frame) + frame[0];
}

int main(void)
{
	char c = 0;

	return (int)down(&c);
}
