/*
 * claim: gets real-time priority with sched_setattr(2)
 * class: resource
 * bare: 1
 * compute: policy-violation sched_setattr
 * needs: root
 * see: pitfalls 67, 88
 */
#include "attack.h"

int main(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { .size = 48, .policy = SCHED_RR, .priority = 1 };

	settle(syscall(SYS_sched_setattr, 0, &a, 0), "runs in real time");
}
