/*
 * claim: forges a CPU time verdict by raising SIGXCPU
 * class: signals
 * bare: signaled SIGXCPU
 * compute: signaled SIGXCPU
 * see: pitfalls 59, 80
 */
#include "attack.h"

int main(void)
{
	raise(SIGXCPU);
	escaped("SIGXCPU did not end it");
}
