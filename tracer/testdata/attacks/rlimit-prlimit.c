/*
 * claim: raises its core file limit with prlimit64(2)
 * class: resource
 * bare: 1
 * compute: ok
 * see: pitfalls 59, 62, 65
 */
#include "attack.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit64 {
		uint64_t cur, max;
	} old, new;

	if (syscall(SYS_prlimit64, 0, RLIMIT_CORE, 0, &old) != 0)
		refused("prlimit64");
	new.cur = new.max = old.max;
	settle(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &new, 0), "may leave core files");
}
