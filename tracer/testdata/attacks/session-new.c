/*
 * claim: leaves its process group or session
 * class: tree
 * bare: 1
 * compute: policy-violation setsid | policy-violation setpgid | ok
 * see: pitfalls 13
 */
#include "attack.h"

int main(void)
{
	if (syscall(SYS_setsid) < 0 && syscall(SYS_setpgid, 0, 0) < 0)
		refused("setsid, setpgid");
	escaped("leads a session or group of its own");
}
