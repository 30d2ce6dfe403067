/*
 * claim: becomes the reaper of orphans by PR_SET_CHILD_SUBREAPER
 * class: tree
 * bare: 1
 * compute: policy-violation prctl | ok
 * see: pitfalls 13
 */
#include "attack.h"
#include <sys/prctl.h>

int main(void)
{
	settle(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "is a subreaper");
}
