/*
 * claim: opens /etc/passwd with junk in the upper halves of openat's int arguments
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 41, 48
 */
#include "attack.h"

int main(void)
{
	long fd = raw(SYS_openat, 0x11111111ffffff9cUL, (unsigned long)"/etc/passwd",
		      0x2222222200000000UL | O_RDONLY, 0, 0, 0);

	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("the file opened was not /etc/passwd");
}
