/*
 * claim: makes a file set-user-ID with chmod(2)
 * class: files
 * bare: 1
 * compute: policy-violation chmod
 * see: pitfalls 47, 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim");
	struct stat st;

	if (syscall(SYS_chmod, path, 04755) != 0)
		refused("chmod");
	if (stat(path, &st) == 0 && st.st_mode & S_ISUID)
		escaped("the victim is set-user-ID");
	contained("the mode did not change");
}
