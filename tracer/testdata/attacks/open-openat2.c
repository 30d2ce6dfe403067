/*
 * claim: opens /etc/passwd for reading through openat2(2), whose flags lie in memory
 * class: files
 * bare: 1
 * compute: ok
 * see: pitfalls 48, 53
 */
#include "attack.h"
#include <linux/openat2.h>

int main(void)
{
	struct open_how how = { .flags = O_RDONLY };
	long fd = syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how);

	if (fd < 0)
		refused("openat2");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("the file opened was not /etc/passwd");
}
