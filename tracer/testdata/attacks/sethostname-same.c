/*
 * claim: sets the machine's name (to what it is) with sethostname(2)
 * class: sysinfo
 * bare: 1
 * compute: policy-violation sethostname
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/utsname.h>

int main(void)
{
	struct utsname u;

	if (uname(&u) != 0)
		refused("uname");
	settle(syscall(SYS_sethostname, u.nodename, strlen(u.nodename)), "set the machine's name");
}
