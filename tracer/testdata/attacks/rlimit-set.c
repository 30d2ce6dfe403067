/*
 * claim: raises a soft limit to the hard one with setrlimit(2)
 * class: resource
 * bare: 1
 * compute: ok | policy-violation setrlimit
 * see: pitfalls 59, 62
 */
#include "attack.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit r;

	if (syscall(SYS_getrlimit, RLIMIT_STACK, &r) != 0)
		refused("getrlimit");
	r.rlim_cur = r.rlim_max;
	settle(syscall(SYS_setrlimit, RLIMIT_STACK, &r), "raised its stack limit");
}
