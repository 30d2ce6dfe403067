/*
 * claim: empties an existing file by opening it with O_RDONLY|O_TRUNC
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	struct stat st;
	long fd = syscall(SYS_openat, AT_FDCWD, scratch(argc, argv, "victim"), O_RDONLY | O_TRUNC, 0);

	if (fd < 0)
		refused("openat");
	if (fstat((int)fd, &st) == 0 && st.st_size == 0)
		escaped("emptied the victim without opening it for writing");
	contained("the victim kept its contents");
}
