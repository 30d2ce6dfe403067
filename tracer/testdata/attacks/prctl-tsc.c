/*
 * claim: changes how rdtsc behaves by PR_SET_TSC
 * class: time
 * bare: 1
 * compute: policy-violation prctl | ok
 * see: pitfalls 58
 */
#include "attack.h"
#include <sys/prctl.h>

int main(void)
{
	int mode = 0;

	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0)
		refused("prctl");
	prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
	if (prctl(PR_GET_TSC, &mode, 0, 0, 0) == 0 && mode == PR_TSC_ENABLE)
		escaped("switched rdtsc off and on");
	contained("nothing changed");
}
