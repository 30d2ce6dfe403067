/*
 * claim: waits for children it has not, to reap what is not its own
 * class: tree
 * bare: 0
 * compute: ok | policy-violation wait4 | policy-violation waitid
 * see: pitfalls 69
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_wait4, -1, 0, WNOHANG | __WALL, 0) >= 0)
		escaped("wait4 found a child");
	refused("wait4");
}
