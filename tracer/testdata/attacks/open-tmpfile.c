/*
 * claim: stores data in a nameless file opened with O_TMPFILE
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 62
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char b[2];
	long fd = syscall(SYS_openat, AT_FDCWD, scratch(argc, argv, "."), O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		refused("openat");
	if (write((int)fd, "hi", 2) == 2 && pread((int)fd, b, 2, 0) == 2 && memcmp(b, "hi", 2) == 0)
		escaped("stored data in a nameless file");
	contained("the file does not hold what was written");
}
