/*
 * claim: makes a symbolic link with symlink(2)
 * class: files
 * bare: 1
 * compute: policy-violation symlink
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "made-by-symlink"), b[32];

	if (syscall(SYS_symlink, "/etc/passwd", path) != 0)
		refused("symlink");
	if (readlink(path, b, sizeof b) == 11) {
		unlink(path);
		escaped("made a symbolic link");
	}
	contained("no link there");
}
