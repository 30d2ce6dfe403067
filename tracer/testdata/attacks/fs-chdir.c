/*
 * claim: changes its directory with chdir(2)
 * class: files
 * bare: 1
 * compute: policy-violation chdir
 * see: pitfalls 53
 */
#include "attack.h"

int main(int argc, char **argv)
{
	struct stat a, b;
	char *path = scratch(argc, argv, "victimdir");

	if (syscall(SYS_chdir, path) != 0)
		refused("chdir");
	if (stat(".", &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino)
		escaped("works in another directory");
	contained("still where it was");
}
