/*
 * claim: renames a file with rename(2)
 * class: files
 * bare: 1
 * compute: policy-violation rename
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *to = scratch(argc, argv, "renamed");

	if (syscall(SYS_rename, scratch(argc, argv, "victim"), to) != 0)
		refused("rename");
	if (access(to, F_OK) == 0)
		escaped("renamed the victim");
	contained("no new name");
}
