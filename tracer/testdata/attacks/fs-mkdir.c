/*
 * claim: makes a directory with mkdir(2)
 * class: files
 * bare: 1
 * compute: policy-violation mkdir
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "made-by-mkdir");

	if (syscall(SYS_mkdir, path, 0700) != 0)
		refused("mkdir");
	settle(rmdir(path), "made a directory");
}
