/*
 * claim: forges a policy verdict by raising SIGSYS
 * class: signals
 * bare: signaled SIGSYS
 * compute: signaled SIGSYS
 * see: pitfalls 39, 80
 */
#include "attack.h"

int main(void)
{
	raise(SIGSYS);
	escaped("SIGSYS did not end it");
}
