/*
 * claim: gets a handle on / with O_PATH, which needs no read permission
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	struct stat st;
	long fd = syscall(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		refused("openat");
	if (fstat((int)fd, &st) == 0 && S_ISDIR(st.st_mode))
		escaped("holds the root directory");
	contained("not a directory");
}
