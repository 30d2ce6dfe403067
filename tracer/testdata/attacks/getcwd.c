/*
 * claim: learns the directory it was started in
 * class: sysinfo
 * bare: 1
 * compute: ok | policy-violation getcwd
 * see: pitfalls 53
 */
#include "attack.h"

int main(void)
{
	char b[512] = "";
	long n = syscall(SYS_getcwd, b, sizeof b);

	if (n <= 0)
		refused("getcwd");
	if (strcmp(b, "/") == 0)
		contained("the root is all there is");
	escaped(b);
}
