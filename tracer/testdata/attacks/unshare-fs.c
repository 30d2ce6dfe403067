/*
 * claim: leaves the shared filesystem state with unshare(CLONE_FS)
 * class: creds
 * bare: 1
 * compute: policy-violation unshare
 * see: pitfalls 68
 */
#include "attack.h"

/* The jail's root is changed through state shared by CLONE_FS: leaving it keeps the old root. */
int main(void)
{
	settle(syscall(SYS_unshare, CLONE_FS), "has a root of its own");
}
