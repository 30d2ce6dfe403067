/*
 * claim: cuts a file with truncate(2)
 * class: files
 * bare: 1
 * compute: policy-violation truncate
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim");
	struct stat st;

	if (syscall(SYS_truncate, path, 3) != 0)
		refused("truncate");
	if (stat(path, &st) == 0 && st.st_size == 3)
		escaped("cut the victim");
	contained("the size did not change");
}
