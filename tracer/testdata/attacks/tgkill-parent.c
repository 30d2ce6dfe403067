/*
 * claim: may signal the supervisor's first thread with tgkill(2)
 * class: signals
 * bare: 1
 * compute: policy-violation tgkill | ok
 * see: pitfalls 32
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_tgkill, parent(), parent(), 0), "may signal the supervisor");
}
