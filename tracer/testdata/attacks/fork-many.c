/*
 * claim: runs forty processes at a time
 * class: tree
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 13, 14
 */
#include "attack.h"

int main(void)
{
	long pids[40], n;

	for (n = 0; n < 40; n++) {
		pids[n] = raw(SYS_fork, 0, 0, 0, 0, 0, 0);
		if (pids[n] < 0)
			refused("fork");
		if (pids[n] == 0) {
			alarm(10);
			for (;;)
				pause();
		}
	}
	while (n-- > 0) {
		kill((pid_t)pids[n], SIGKILL);
		waitpid((pid_t)pids[n], 0, 0);
	}
	escaped("ran forty processes");
}
