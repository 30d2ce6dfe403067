/*
 * claim: changes its root, the first half of leaving a chroot
 * class: creds
 * bare: 1
 * compute: policy-violation chroot
 * needs: root
 * see: pitfalls 53
 */
#include "attack.h"

int main(int argc, char **argv)
{
	struct stat st;

	if (syscall(SYS_chroot, scratch(argc, argv, "victimdir")) != 0)
		refused("chroot");
	if (stat("/etc", &st) != 0)
		escaped("has another root");
	contained("the root did not change");
}
