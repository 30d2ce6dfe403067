/*
 * claim: changes the supervisor's priority (to what it is)
 * class: resource
 * bare: 1
 * compute: policy-violation setpriority
 * needs: root
 * see: pitfalls 67
 */
#include "attack.h"
#include <sys/resource.h>

int main(int argc, char **argv)
{
	settle(syscall(SYS_setpriority, PRIO_PROCESS, target(argc, argv), 0), "set the supervisor's priority");
}
