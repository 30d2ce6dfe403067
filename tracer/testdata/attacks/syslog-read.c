/*
 * claim: reads the kernel's log with syslog(2)
 * class: sysinfo
 * bare: 1
 * compute: policy-violation syslog
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	char b[256];

	settle(syscall(SYS_syslog, 3 /* read all */, b, (int)sizeof b), "read the kernel's log");
}
