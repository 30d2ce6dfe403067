/*
 * claim: gets a mount namespace with unshare(CLONE_NEWNS)
 * class: creds
 * bare: 1
 * compute: policy-violation unshare
 * needs: root
 * see: pitfalls 41, 68
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_unshare, CLONE_NEWNS), "has a mount namespace");
}
