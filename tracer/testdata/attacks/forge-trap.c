/*
 * claim: forges a tracer's stop by raising SIGTRAP
 * class: signals
 * bare: signaled SIGTRAP
 * compute: signaled SIGTRAP
 * see: pitfalls 20
 */
#include "attack.h"

int main(void)
{
	raise(SIGTRAP);
	escaped("SIGTRAP did not end it");
}
