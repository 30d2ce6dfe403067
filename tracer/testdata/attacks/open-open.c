/*
 * claim: opens /etc/passwd for reading through open(2)
 * class: files
 * bare: 1
 * compute: policy-violation open
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_open, "/etc/passwd", O_RDONLY, 0);

	if (fd < 0)
		refused("open");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("the file opened was not /etc/passwd");
}
