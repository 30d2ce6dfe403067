/*
 * claim: calls reboot(2), with numbers the kernel must refuse
 * class: sysinfo
 * bare: 0
 * compute: policy-violation reboot
 * see: pitfalls 68
 */
#include "attack.h"

/* Wrong magic numbers: an error from every kernel for every user. */
int main(void)
{
	settle(syscall(SYS_reboot, 1, 2, 3, 0), "reboot took wrong magic numbers");
}
