/*
 * claim: may signal the supervisor with kill(2)
 * class: signals
 * bare: 1
 * compute: policy-violation kill | ok
 * see: pitfalls 32
 */
#include "attack.h"

/* Signal 0: the permission is all that is tried. */
int main(int argc, char **argv)
{
	settle(syscall(SYS_kill, target(argc, argv), 0), "may signal the supervisor");
}
