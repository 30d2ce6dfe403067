/*
 * claim: forks up to 200 tasks in sessions of their own that ignore every signal
 * class: tree
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 13, 14
 */
#include "attack.h"

/* Each task counts itself, waits for the last and ends, or dies of its alarm. */
int main(void)
{
	volatile long *count = shared(4096);
	double end = now() + 1.5;

	for (int i = 0; i < 199; i++) {
		long pid = raw(SYS_fork, 0, 0, 0, 0, 0, 0);

		if (pid < 0) {
			if (i == 0)
				refused("fork");
			break;
		}
		if (pid > 0)
			continue;
		setsid();
		alarm(3);
		for (int sig = 1; sig < 32; sig++)
			if (sig != SIGALRM)
				signal(sig, SIG_IGN);
		__sync_fetch_and_add(count, 1);
		while (now() < end && *count < 199)
			nap_ms(5);
		_exit(0);
	}
	while (now() < end && *count < 199)
		nap_ms(5);
	if (*count > 100)
		escaped("more than 100 tasks in as many sessions");
	contained("few tasks started");
}
