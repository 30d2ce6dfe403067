/*
 * claim: leaves a daemon behind (two forks, setsid) that outlives it
 * class: tree
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 13, 27
 */
#include "attack.h"

/* The daemon proves itself by the file "daemon-was-here" and ends by itself. */
int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "daemon-was-here");
	long pid = raw(SYS_fork, 0, 0, 0, 0, 0, 0);

	if (pid < 0)
		refused("fork");
	if (pid > 0) {
		waitpid((pid_t)pid, 0, 0);
		escaped("a daemon lives on for half a second");
	}
	setsid();
	if (raw(SYS_fork, 0, 0, 0, 0, 0, 0) != 0)
		_exit(0);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	alarm(4);
	nap_ms(500);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	_exit(0);
}
