/*
 * Leaves a sleeper behind: two forks, setsid, every signal ignored, argv[1]
 * seconds (default 5). Prints the sleeper's pid. Needs a policy that allows fork.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid > 0) {
		waitpid(pid, 0, 0);
		return 0;
	}
	setsid();
	pid = fork();
	if (pid > 0) {
		printf("%d\n", (int)pid);
		fflush(stdout);
	}
	if (pid != 0)
		_exit(0);
	for (int sig = 1; sig < 65; sig++)
		signal(sig, SIG_IGN);
	while (seconds > 0)
		seconds = sleep(seconds);
	_exit(0);
}
