/*
 * claim: raises its own priority
 * class: resource
 * bare: 1
 * compute: policy-violation setpriority
 * needs: root
 * see: pitfalls 67, 88
 */
#include "attack.h"
#include <sys/resource.h>

int main(void)
{
	settle(syscall(SYS_setpriority, PRIO_PROCESS, 0, -20), "has the highest priority");
}
