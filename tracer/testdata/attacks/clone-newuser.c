/*
 * claim: starts a process with every capability of a new user namespace
 * class: creds
 * bare: 1
 * compute: policy-violation clone
 * needs: userns
 * see: pitfalls 68
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_NEWUSER | SIGCHLD);
}
