/*
 * claim: starts a process with clone(SIGCHLD)
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 5, 10
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(SIGCHLD);
}
