/*
 * claim: opens paths at wild addresses, without end, and longer than any path
 * class: files
 * bare: 0
 * compute: ok | policy-violation openat
 * see: pitfalls 49, 51
 */
#include "attack.h"

static char endless[3 * 4096];

int main(void)
{
	static const unsigned long wild[] = { 0, 1, 0xfff, 0x7ffffffff000UL, 0x800000000000UL, 0xffffffffffffffffUL,
					      0xffffffffff600000UL, 0xffff800000000000UL };

	memset(endless, 'a', sizeof endless - 1);
	if (syscall(SYS_openat, AT_FDCWD, endless, O_RDONLY, 0) >= 0)
		escaped("opened a path without end");
	for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++) {
		if (raw(SYS_access, wild[i], 0, 0, 0, 0, 0) == 0 || raw(SYS_stat, wild[i], wild[i], 0, 0, 0, 0) == 0)
			escaped("a wild address is a path");
		if (raw(SYS_openat, -100UL, wild[i], 0, 0, 0, 0) >= 0)
			escaped("opened a wild address");
	}
	contained("no path there");
}
