/*
 * claim: may signal the supervisor's first thread with tgkill(2)
 * class: signals
 * bare: 1
 * compute: policy-violation tgkill | ok
 * see: pitfalls 32
 */
#include "attack.h"

int main(int argc, char **argv)
{
	settle(syscall(SYS_tgkill, target(argc, argv), target(argc, argv), 0), "may signal the supervisor");
}
