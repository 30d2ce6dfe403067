/*
 * claim: climbs to /etc/passwd with a relative path of many ../
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 53
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD,
			  "../../../../../../../../../../../../../../../../../../../../etc/passwd", O_RDONLY, 0);

	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("not the user database");
}
