/*
 * claim: starts a process that no tracer follows, with CLONE_UNTRACED
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 7
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_UNTRACED | SIGCHLD);
}
