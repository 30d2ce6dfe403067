/*
 * claim: makes itself unreadable for a tracer of its uid by PR_SET_DUMPABLE
 * class: ptrace
 * bare: 1
 * compute: policy-violation prctl | ok
 * see: pitfalls 33, 50
 */
#include "attack.h"
#include <sys/prctl.h>

int main(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		refused("prctl");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
		escaped("is not dumpable any more");
	contained("is still dumpable");
}
