/*
 * Waits in vfork for a child that never goes on: a wait that only a SIGKILL
 * ends. Prints the child's id.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	if (vfork() == 0) {
		char b[32];
		int n = snprintf(b, sizeof(b), "%d\n", getpid());

		if (write(1, b, (size_t)n) != n)
			_exit(1);
		for (;;)
			pause();
	}
	return 0;
}
