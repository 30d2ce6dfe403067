/*
 * claim: learns its own path on the machine from /proc/self/exe
 * class: files
 * bare: 1
 * compute: ok | policy-violation readlink
 * see: pitfalls 53
 */
#include "attack.h"

int main(void)
{
	char b[512] = "";
	long n = syscall(SYS_readlink, "/proc/self/exe", b, sizeof b);

	if (n > 0 && b[0] == '/')
		escaped(b);
	refused("readlink");
}
