/*
 * claim: sets the times of a file with utimensat(2)
 * class: files
 * bare: 1
 * compute: policy-violation utimensat
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim");
	struct timespec ts[2] = { { 1, 0 }, { 1, 0 } };
	struct stat st;

	if (syscall(SYS_utimensat, AT_FDCWD, path, ts, 0) != 0)
		refused("utimensat");
	if (stat(path, &st) == 0 && st.st_mtime == 1)
		escaped("the victim dates from 1970");
	contained("the times did not change");
}
