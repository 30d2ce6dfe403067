/*
 * claim: reads the supervisor's limits with prlimit64(2)
 * class: resource
 * bare: 1
 * compute: policy-violation prlimit64
 * needs: root
 * see: pitfalls 32
 */
#include "attack.h"
#include <sys/resource.h>

int main(void)
{
	struct {
		uint64_t cur, max;
	} old;

	settle(syscall(SYS_prlimit64, parent(), RLIMIT_NOFILE, 0, &old), "read the supervisor's limits");
}
