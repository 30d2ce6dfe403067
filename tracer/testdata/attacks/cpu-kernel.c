/*
 * claim: burns kernel CPU with an allowed call for ever
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit
 * see: pitfalls 79
 */
#include "attack.h"

int main(void)
{
	for (;;)
		syscall(SYS_getppid);
}
