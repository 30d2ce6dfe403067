/*
 * claim: creates a file through openat(O_CREAT|O_EXCL)
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 26, 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "made-by-openat");
	char b[2];
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		refused("openat");
	if (write((int)fd, "hi", 2) != 2 || pread((int)fd, b, 2, 0) != 2 || memcmp(b, "hi", 2) != 0)
		contained("the file does not hold what was written");
	unlink(path);
	escaped("created a file and read it back");
}
