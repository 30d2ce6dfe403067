/*
 * claim: starts a process that is traced without an event, with CLONE_PTRACE|CLONE_UNTRACED
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 6
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(CLONE_PTRACE | CLONE_UNTRACED | SIGCHLD);
}
