/*
 * Keeps a supervisor busy until it is killed, or a minute is over, in argv[2]
 * processes (default 8) beside the first: with "calls" each makes calls all the
 * time, with "signals" it sends itself signals that it ignores. Needs a policy
 * that allows fork and kill.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int signals = argc > 1 && strcmp(argv[1], "signals") == 0;
	pid_t self;

	signal(SIGUSR1, SIG_IGN);
	for (int i = argc > 2 ? atoi(argv[2]) : 8; i > 0; i--) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			break;
	}
	alarm(60); /* where nobody kills it */
	self = getpid();
	for (;;)
		if (signals)
			kill(self, SIGUSR1);
		else
			syscall(SYS_getppid);
}
