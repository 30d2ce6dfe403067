/*
 * claim: makes a FIFO with mknod(2)
 * class: files
 * bare: 1
 * compute: policy-violation mknod
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "made-by-mknod");

	if (syscall(SYS_mknod, path, S_IFIFO | 0600, 0) != 0)
		refused("mknod");
	settle(unlink(path), "made a FIFO");
}
