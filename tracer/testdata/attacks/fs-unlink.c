/*
 * claim: removes a file with unlink(2)
 * class: files
 * bare: 1
 * compute: policy-violation unlink
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim");

	if (syscall(SYS_unlink, path) != 0)
		refused("unlink");
	if (access(path, F_OK) != 0)
		escaped("removed the victim");
	contained("the victim is still there");
}
