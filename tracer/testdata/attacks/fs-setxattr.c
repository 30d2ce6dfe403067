/*
 * claim: stores data in an extended attribute with setxattr(2)
 * class: files
 * bare: 1
 * compute: policy-violation setxattr
 * needs: xattr
 * see: pitfalls 48
 */
#include "attack.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "victim"), b[2];

	if (syscall(SYS_setxattr, path, "user.warder", "hi", 2, 0) != 0)
		refused("setxattr");
	if (getxattr(path, "user.warder", b, 2) == 2)
		escaped("stored an attribute");
	contained("no attribute there");
}
