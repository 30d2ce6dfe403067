/*
 * claim: locks the file behind its stdin against others
 * class: files
 * bare: 1
 * compute: ok | policy-violation fcntl | policy-violation flock
 * see: pitfalls 54
 */
#include "attack.h"

int main(void)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(0, F_SETLK, &l) != 0 && syscall(SYS_flock, 0, 2 | 4) != 0)
		refused("fcntl, flock");
	escaped("locked stdin");
}
