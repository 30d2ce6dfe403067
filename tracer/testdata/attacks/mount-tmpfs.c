/*
 * claim: mounts a filesystem of its own
 * class: creds
 * bare: 1
 * compute: policy-violation mount
 * needs: root
 * see: pitfalls 47, 68
 */
#include "attack.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	char *dir = scratch(argc, argv, "victimdir");

	if (syscall(SYS_mount, "none", dir, "tmpfs", 0UL, "size=64k") != 0)
		refused("mount");
	settle(umount2(dir, MNT_DETACH), "mounted a tmpfs");
}
