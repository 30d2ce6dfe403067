/*
 * claim: makes a POSIX message queue
 * class: memory
 * bare: 1
 * compute: policy-violation mq_open
 * needs: mqueue
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	long fd = syscall(SYS_mq_open, "warder-attack", O_RDWR | O_CREAT, 0600, 0UL);

	if (fd < 0)
		refused("mq_open");
	settle(syscall(SYS_mq_unlink, "warder-attack"), "made a message queue");
}
