/*
 * claim: catches SIGSYS, SIGTRAP and all other signals, makes a forbidden call and goes on
 * class: signals
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 22, 37
 */
#include "attack.h"

static void ignore(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = ignore, .sa_flags = SA_RESTART | SA_NODEFER };
	sigset_t all;
	long fd;

	for (int sig = 1; sig < 65; sig++)
		sigaction(sig, &sa, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, 0);
	fd = syscall(SYS_socket, 2, 1, 0);
	if (fd < 0)
		refused("socket");
	settle(fstat((int)fd, &(struct stat){ 0 }), "has a socket");
}
