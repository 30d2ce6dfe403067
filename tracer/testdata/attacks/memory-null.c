/*
 * claim: dies of a null pointer
 * class: memory
 * bare: signaled SIGSEGV
 * compute: signaled SIGSEGV
 * see: pitfalls 16, 65
 */
#include "attack.h"

int main(void)
{
	*(volatile int *)(uintptr_t)(getpid() & 0) = 1;
	escaped("page 0 can be written");
}
