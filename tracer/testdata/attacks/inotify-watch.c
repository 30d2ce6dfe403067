/*
 * claim: watches files with inotify
 * class: files
 * bare: 1
 * compute: policy-violation inotify_init1
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_inotify_init1, 0);

	if (fd < 0)
		refused("inotify_init1");
	settle(syscall(SYS_inotify_add_watch, fd, "/etc", 1 /* IN_ACCESS */), "watches /etc");
}
