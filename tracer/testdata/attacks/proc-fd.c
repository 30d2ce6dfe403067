/*
 * claim: opens its stdout again, for reading, through /proc/self/fd/1
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 53, 54
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd/1", O_RDONLY | O_NONBLOCK, 0);
	char b[4];

	if (fd < 0)
		refused("openat");
	if (write(1, "ping", 4) == 4 && read((int)fd, b, 4) == 4 && memcmp(b, "ping", 4) == 0)
		escaped("read back what was written to stdout");
	escaped("opened stdout again");
}
