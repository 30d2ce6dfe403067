/*
 * claim: becomes root again with setuid(0)
 * class: creds
 * bare: 1
 * compute: policy-violation setuid
 * needs: root
 * see: pitfalls 47, 84
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_setuid, 0) != 0)
		refused("setuid");
	if (syscall(SYS_geteuid) == 0)
		escaped("is root");
	contained("is not root");
}
