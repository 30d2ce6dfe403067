/*
 * claim: learns by access, faccessat and faccessat2 whether /etc/shadow exists
 * class: files
 * bare: 1
 * compute: ok | policy-violation access | policy-violation faccessat | policy-violation faccessat2
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_access, "/etc/shadow", F_OK) == 0)
		escaped("access knows /etc/shadow");
	if (syscall(SYS_faccessat, AT_FDCWD, "/etc/shadow", F_OK) == 0)
		escaped("faccessat knows /etc/shadow");
	if (syscall(SYS_faccessat2, AT_FDCWD, "/etc/shadow", F_OK, 0) == 0)
		escaped("faccessat2 knows /etc/shadow");
	refused("access, faccessat, faccessat2");
}
