/*
 * claim: gives the supervisor a new child with CLONE_PARENT
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 9
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_PARENT | SIGCHLD);
}
