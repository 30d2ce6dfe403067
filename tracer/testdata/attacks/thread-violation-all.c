/*
 * claim: makes forbidden calls from sixteen threads at the same moment
 * class: tree
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 14, 23
 */
#include "attack.h"

static volatile int go, made;

static void *attack(void *arg)
{
	(void)arg;
	while (!go)
		;
	if (syscall(SYS_socket, 1, 1, 0) >= 0)
		__sync_fetch_and_add(&made, 1);
	return 0;
}

int main(void)
{
	pthread_t t[16];

	for (int i = 0; i < 16; i++)
		t[i] = thread(attack, 0);
	go = 1;
	for (int i = 0; i < 16; i++)
		pthread_join(t[i], 0);
	if (made)
		escaped("threads made sockets");
	contained("no thread made a socket");
}
