/*
 * claim: lets its first thread exit and attacks from another one
 * class: tree
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 11
 */
#include "attack.h"

static void *attack(void *arg)
{
	long fd;

	(void)arg;
	nap_ms(50); /* the leader is a zombie by now */
	fd = syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd behind a dead leader");
	contained("not the user database");
}

int main(void)
{
	thread(attack, 0);
	syscall(SYS_exit, 7);
	return 0;
}
