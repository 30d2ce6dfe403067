/*
 * claim: starts a process that shares its memory, with CLONE_VM but not CLONE_THREAD
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 10, 48
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_VM | SIGCHLD);
}
