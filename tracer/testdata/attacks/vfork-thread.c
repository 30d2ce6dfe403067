/*
 * claim: vforks in a thread and lets the child make a forbidden call
 * class: tree
 * bare: 1
 * compute: policy-violation vfork
 * see: pitfalls 4, 11
 */
#include "attack.h"

static volatile long seen = -1;

static void *attack(void *arg)
{
	long pid = raw(SYS_vfork, 0, 0, 0, 0, 0, 0);

	(void)arg;
	if (pid == 0) {
		seen = raw(SYS_socket, 1, 1, 0, 0, 0, 0);
		raw(SYS_exit, 0, 0, 0, 0, 0, 0);
	}
	if (pid < 0)
		refused("vfork");
	return 0;
}

int main(void)
{
	pthread_join(thread(attack, 0), 0);
	if (seen >= 0)
		escaped("a vforked child made a socket");
	contained("the child made nothing");
}
