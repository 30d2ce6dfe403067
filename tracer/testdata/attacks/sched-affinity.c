/*
 * claim: leaves the supervisor's core with sched_setaffinity(2)
 * class: resource
 * bare: 1
 * compute: policy-violation sched_setaffinity | ok
 * see: pitfalls 7, 67
 */
#include "attack.h"

int main(void)
{
	unsigned long mask[16];

	memset(mask, 0xff, sizeof mask);
	settle(syscall(SYS_sched_setaffinity, 0, sizeof mask, mask), "chose its own cores");
}
