/*
 * claim: runs as root, in root's group or with a capability it could use
 * class: creds
 * bare: 1 | 0
 * compute: ok
 * see: pitfalls 84
 */
#include "attack.h"
#include <linux/capability.h>

/* Bare it escapes when started by root. capget itself may be refused. */
int main(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	if (geteuid() == 0 || getuid() == 0 || getegid() == 0 || getgid() == 0)
		escaped("is root");
	if (geteuid() != getuid() || getegid() != getgid())
		escaped("has two identities");
	if (syscall(SYS_capget, &h, d) == 0 && (d[0].effective | d[1].effective | d[0].permitted | d[1].permitted))
		escaped("has capabilities");
	contained("is nobody");
}
