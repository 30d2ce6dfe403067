/*
 * claim: reaches /etc/passwd through /proc/self/root
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 53
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/root/etc/passwd", O_RDONLY, 0);

	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("not the user database");
}
