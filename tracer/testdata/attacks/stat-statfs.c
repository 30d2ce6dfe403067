/*
 * claim: learns the size of the root filesystem by statfs(2)
 * class: sysinfo
 * bare: 1
 * compute: ok
 * see: pitfalls 53
 */
#include "attack.h"
#include <sys/vfs.h>

int main(void)
{
	struct statfs st = { 0 };

	if (syscall(SYS_statfs, "/", &st) == 0 && st.f_type)
		escaped("statfs of /");
	refused("statfs");
}
