/*
 * claim: makes a forbidden call in a second thread while the first one waits for it
 * class: tree
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 1, 11
 */
#include "attack.h"

static void *attack(void *arg)
{
	(void)arg;
	return (void *)syscall(SYS_socket, 1, 1, 0);
}

int main(void)
{
	void *fd;

	pthread_join(thread(attack, 0), &fd);
	settle((long)fd >= 0 ? fstat((int)(long)fd, &(struct stat){ 0 }) : -1, "a thread made a socket");
}
