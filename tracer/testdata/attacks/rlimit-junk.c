/*
 * claim: reads the supervisor's limits with junk in the upper half of the pid
 * class: resource
 * bare: 1
 * compute: policy-violation prlimit64
 * needs: root
 * see: pitfalls 32, 41
 */
#include "attack.h"
#include <sys/resource.h>

int main(void)
{
	uint64_t old[2];

	settle(raw(SYS_prlimit64, 0x7777777700000000UL | (unsigned)parent(), 0x8888888800000000UL | RLIMIT_NOFILE, 0,
		   (unsigned long)old, 0, 0),
	       "read the supervisor's limits");
}
