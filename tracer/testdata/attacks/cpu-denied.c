/*
 * claim: burns the supervisor's CPU with a refused call for ever
 * class: cpu
 * bare: timeout
 * compute: cpu-time-limit | wall-time-limit
 * see: pitfalls 15, 22
 */
#include "attack.h"

int main(void)
{
	struct stat st;

	for (;;)
		syscall(SYS_stat, "/no/such/file", &st);
}
