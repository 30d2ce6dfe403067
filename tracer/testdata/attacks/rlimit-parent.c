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

int main(int argc, char **argv)
{
	struct {
		uint64_t cur, max;
	} old;

	settle(syscall(SYS_prlimit64, target(argc, argv), RLIMIT_NOFILE, 0, &old), "read the supervisor's limits");
}
