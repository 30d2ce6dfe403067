/*
 * claim: stops dying with its supervisor by clearing PR_SET_PDEATHSIG
 * class: ptrace
 * bare: 1
 * compute: policy-violation prctl | ok
 * see: pitfalls 32, 50
 */
#include "attack.h"
#include <sys/prctl.h>

int main(void)
{
	int sig = -1;

	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) != 0)
		refused("prctl");
	if (prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) == 0 && sig == 0)
		escaped("does not die with its parent");
	contained("the death signal did not change");
}
