/*
 * claim: mounts a filesystem in a user and a mount namespace of its own
 * class: creds
 * bare: 1
 * compute: policy-violation unshare
 * needs: userns
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	if (syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS) != 0)
		refused("unshare");
	settle(syscall(SYS_mount, "none", scratch(argc, argv, "victimdir"), "tmpfs", 0UL, "size=64k"),
	       "mounted a tmpfs of its own");
}
