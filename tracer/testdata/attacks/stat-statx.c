/*
 * claim: learns about /etc/shadow by statx(2)
 * class: files
 * bare: 1
 * compute: ok | policy-violation statx
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	struct statx st = { 0 };

	if (syscall(SYS_statx, AT_FDCWD, "/etc/shadow", 0, STATX_ALL, &st) == 0 && st.stx_mode)
		escaped("statx of /etc/shadow");
	refused("statx");
}
