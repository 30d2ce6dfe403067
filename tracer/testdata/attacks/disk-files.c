/*
 * claim: fills the disk with many files
 * class: resource
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 62
 */
#include "attack.h"

/* 8 MiB stand for the disk, in files of half a mebibyte that have no names. */
int main(int argc, char **argv)
{
	static char block[1 << 19];
	char *path = scratch(argc, argv, "filled");

	for (int i = 0; i < 16; i++) {
		long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

		if (fd < 0)
			refused("openat");
		if (write((int)fd, block, sizeof block) != (ssize_t)sizeof block)
			refused("write");
		unlink(path);
	}
	escaped("wrote 8 MiB to sixteen files");
}
