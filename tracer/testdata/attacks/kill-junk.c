/*
 * claim: hides the supervisor's pid behind junk in the upper half of kill's argument
 * class: signals
 * bare: 1
 * compute: policy-violation kill | ok
 * see: pitfalls 32, 41
 */
#include "attack.h"

int main(void)
{
	settle(raw(SYS_kill, 0x5555555500000000UL | (unsigned)parent(), 0xaaaaaaaa00000000UL, 0, 0, 0, 0),
	       "may signal the supervisor");
}
