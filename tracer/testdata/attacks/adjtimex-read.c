/*
 * claim: reads the clock's discipline with adjtimex(2)
 * class: sysinfo
 * bare: 1
 * compute: policy-violation adjtimex
 * see: pitfalls 68
 */
#include "attack.h"
#include <sys/timex.h>

int main(void)
{
	struct timex t = { 0 };

	settle(syscall(SYS_adjtimex, &t), "read the clock's discipline");
}
