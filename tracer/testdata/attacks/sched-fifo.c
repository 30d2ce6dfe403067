/*
 * claim: gets real-time priority with sched_setscheduler(2)
 * class: resource
 * bare: 1
 * compute: policy-violation sched_setscheduler
 * needs: root
 * see: pitfalls 67, 88
 */
#include "attack.h"

int main(void)
{
	struct sched_param p = { .sched_priority = 1 };

	settle(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), "runs in real time");
}
