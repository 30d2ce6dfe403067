/*
 * claim: closes stderr's twin by a descriptor number with junk above it
 * class: abi
 * bare: 0
 * compute: ok
 * see: pitfalls 41
 */
#include "attack.h"

/* Harmless: proves only that int arguments are read at their width by all. */
int main(void)
{
	int fd = dup(2);
	struct stat st;

	if (fd < 0)
		refused("dup");
	if (raw(SYS_close, 0x7700000000UL | (unsigned)fd, 0, 0, 0, 0, 0) != 0)
		refused("close");
	if (fstat(fd, &st) == 0)
		escaped("closed something else");
	contained("closed what it named");
}
