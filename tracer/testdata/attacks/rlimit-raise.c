/*
 * claim: raises a hard limit with setrlimit(2)
 * class: resource
 * bare: 1 | 0
 * compute: ok | policy-violation setrlimit
 * needs: root
 * see: pitfalls 59, 62
 */
#include "attack.h"
#include <sys/resource.h>

/* Bare it takes CAP_SYS_RESOURCE, which a root in a container may lack. */
int main(void)
{
	for (int i = 0; i < 16; i++) {
		struct rlimit r;

		if (syscall(SYS_getrlimit, i, &r) != 0 || r.rlim_max == RLIM_INFINITY)
			continue;
		r.rlim_max++;
		if (syscall(SYS_setrlimit, i, &r) == 0)
			escaped("raised a hard limit");
	}
	contained("no hard limit could be raised");
}
