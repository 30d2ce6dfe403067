/*
 * claim: becomes another user with setresuid(2)
 * class: creds
 * bare: 1
 * compute: policy-violation setresuid
 * needs: root
 * see: pitfalls 47, 84
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_setresuid, 12345, 12345, 12345) != 0)
		refused("setresuid");
	if (syscall(SYS_geteuid) == 12345)
		escaped("is another user");
	contained("the user did not change");
}
