/*
 * claim: opens /etc/passwd for reading through openat(2)
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);

	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("the file opened was not /etc/passwd");
}
