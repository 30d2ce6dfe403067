/*
 * claim: opens a performance counter over the whole machine
 * class: sysinfo
 * bare: 1
 * compute: policy-violation perf_event_open
 * needs: root
 * see: pitfalls 67, 68
 */
#include "attack.h"
#include <linux/perf_event.h>

int main(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_CONTEXT_SWITCHES };

	settle(syscall(SYS_perf_event_open, &a, -1, 0, -1, 0UL), "counts the machine's context switches");
}
