/*
 * claim: joins other groups with setgroups(2)
 * class: creds
 * bare: 1
 * compute: policy-violation setgroups
 * needs: root
 * see: pitfalls 47, 84
 */
#include "attack.h"

int main(void)
{
	gid_t g = 12345;

	settle(syscall(SYS_setgroups, 1UL, &g), "joined another group");
}
