/*
 * claim: lets a path grow from "" to "/etc/passwd" while the kernel opens it
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 48, 51
 */
#include "attack.h"

static volatile int done;
static volatile char path[] = "/etc/passwd";

static void *flip(void *arg)
{
	(void)arg;
	while (!done) {
		path[0] = 0;
		path[0] = '/';
	}
	return 0;
}

int main(void)
{
	double end = now() + 1.5;

	thread(flip, 0);
	while (now() < end) {
		long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);

		if (fd >= 0 && is_passwd((int)fd))
			escaped("opened /etc/passwd");
		if (fd >= 0)
			close((int)fd);
		else if (errno != ENOENT)
			refused("openat");
	}
	contained("no open succeeded");
}
