/*
 * claim: gives a file away with chown(2)
 * class: files
 * bare: 1
 * compute: policy-violation chown
 * needs: root
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim");
	struct stat st;

	if (syscall(SYS_chown, path, 12345, 12345) != 0)
		refused("chown");
	if (stat(path, &st) == 0 && st.st_uid == 12345)
		escaped("the victim has another owner");
	contained("the owner did not change");
}
