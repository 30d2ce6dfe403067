/*
 * claim: gets every capability in a user namespace of its own
 * class: creds
 * bare: 1
 * compute: policy-violation unshare
 * needs: userns
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_unshare, CLONE_NEWUSER), "has a user namespace");
}
