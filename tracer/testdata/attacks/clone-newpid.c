/*
 * claim: starts the init of a new pid namespace
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * needs: root
 * see: pitfalls 16, 17
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_NEWPID | SIGCHLD);
}
