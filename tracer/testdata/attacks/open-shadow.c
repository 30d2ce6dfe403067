/*
 * claim: reads /etc/shadow, which is its owner's
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * needs: root
 * see: pitfalls 48, 84
 */
#include "attack.h"

int main(void)
{
	char b[16];
	long fd = syscall(SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY, 0);

	if (fd < 0)
		refused("openat");
	if (read((int)fd, b, sizeof b) == sizeof b && memchr(b, ':', sizeof b))
		escaped("read /etc/shadow");
	contained("not the passwords");
}
