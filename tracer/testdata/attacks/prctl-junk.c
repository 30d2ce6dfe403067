/*
 * claim: hides PR_SET_DUMPABLE behind junk in the upper half of prctl's option
 * class: filter
 * bare: 1
 * compute: policy-violation prctl | ok
 * see: pitfalls 33, 41
 */
#include "attack.h"
#include <sys/prctl.h>

int main(void)
{
	if (raw(SYS_prctl, 0x4141414100000000UL | PR_SET_DUMPABLE, 0, 0, 0, 0, 0) != 0)
		refused("prctl");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
		escaped("is not dumpable any more");
	contained("is still dumpable");
}
