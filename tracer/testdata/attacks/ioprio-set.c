/*
 * claim: sets its I/O priority
 * class: resource
 * bare: 1
 * compute: policy-violation ioprio_set
 * see: pitfalls 67
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7), "set its I/O priority");
}
