/*
 * claim: makes its capabilities inheritable with capset(2)
 * class: creds
 * bare: 1
 * compute: policy-violation capset | policy-violation capget
 * needs: root
 * see: pitfalls 47, 84
 */
#include "attack.h"
#include <linux/capability.h>

int main(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 1, 1, 1 }, { 0 } }; /* CAP_CHOWN alone */

	settle(syscall(SYS_capset, &h, d), "set its capabilities");
}
