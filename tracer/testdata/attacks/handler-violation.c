/*
 * claim: makes a forbidden call inside a signal handler that interrupts an allowed one
 * class: signals
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 21, 29
 */
#include "attack.h"
#include <sys/time.h>

static volatile long fd = -1;

static void attack(int sig)
{
	(void)sig;
	fd = syscall(SYS_socket, 1, 1, 0);
}

int main(void)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };

	signal(SIGALRM, attack);
	setitimer(ITIMER_REAL, &it, 0);
	nap_ms(1000);
	settle(fd >= 0 ? fstat((int)fd, &(struct stat){ 0 }) : -1, "a handler made a socket");
}
