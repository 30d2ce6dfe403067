/*
 * claim: removes a directory with unlinkat(AT_REMOVEDIR)
 * class: files
 * bare: 1
 * compute: policy-violation unlinkat
 * see: pitfalls 41, 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victimdir");

	if (syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR) != 0)
		refused("unlinkat");
	if (access(path, F_OK) != 0)
		escaped("removed the victim directory");
	contained("the directory is still there");
}
