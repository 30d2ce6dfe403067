/*
 * claim: makes a Landlock ruleset of its own
 * class: filter
 * bare: 1
 * compute: policy-violation landlock_create_ruleset
 * needs: landlock
 * see: pitfalls 37, 68
 */
#include "attack.h"

int main(void)
{
	unsigned long attr[1] = { 1 };

	settle(syscall(444 /* landlock_create_ruleset */, attr, sizeof attr, 0), "has a ruleset");
}
