/*
 * claim: hides CLONE_UNTRACED among junk in the upper half of clone's flags
 * class: tree
 * bare: 1
 * compute: policy-violation clone
 * see: pitfalls 7, 41
 */
#include "attack.h"
#include "clone.h"

int main(void)
{
	clone_attempt(0xdeadbeef00000000UL | CLONE_UNTRACED | SIGCHLD);
}
