/*
 * claim: writes its own read-only memory through /proc/self/mem
 * class: memory
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 53
 */
#include "attack.h"

static const volatile char constant[] = "unchanged";

int main(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR, 0);

	if (fd < 0)
		refused("openat");
	if (pwrite((int)fd, "C", 1, (off_t)(uintptr_t)constant) != 1)
		refused("pwrite");
	if (constant[0] == 'C')
		escaped("changed read-only memory");
	contained("the memory did not change");
}
