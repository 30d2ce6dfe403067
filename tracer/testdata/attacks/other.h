/* other.h: another process to signal: that of argv[2], or a child of our own. */
#ifndef OTHER_H
#define OTHER_H

#include <sys/prctl.h>

static long other_child;

static long other(int argc, char **argv)
{
	if (argc > 2)
		return strtol(argv[2], 0, 10);
	other_child = raw(SYS_fork, 0, 0, 0, 0, 0, 0);
	if (other_child < 0)
		refused("fork");
	if (other_child == 0) {
		/* Not for ever, should nobody kill it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		alarm(10);
		for (;;)
			pause();
	}
	return other_child;
}

/* other_died_of waits for our child's end; of a stranger we are not told. */
static int other_died_of(int sig)
{
	int status;

	return other_child && waitpid((pid_t)other_child, &status, 0) == other_child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == sig;
}

#endif
