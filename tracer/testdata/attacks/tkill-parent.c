/*
 * claim: may signal the supervisor's first thread with tkill(2)
 * class: signals
 * bare: 1
 * compute: policy-violation tkill | ok
 * see: pitfalls 32
 */
#include "attack.h"

int main(int argc, char **argv)
{
	settle(syscall(SYS_tkill, target(argc, argv), 0), "may signal the supervisor");
}
