/*
 * Makes argv[1] calls of one kind and prints the nanoseconds that each took,
 * by its own clock: launch and end are not in it.
 *   getppid   no argument: a filter settles it by number
 *   fcntl     F_GETFD: a filter has to look at an argument
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000, failed = 0;
	int checked = argc > 2 && strcmp(argv[2], "fcntl") == 0;
	double start = now();

	if (checked)
		for (long i = 0; i < n; i++)
			failed += syscall(SYS_fcntl, 1, F_GETFD) < 0;
	else
		for (long i = 0; i < n; i++)
			failed += syscall(SYS_getppid) < 0;
	printf("%.1f\n", (now() - start) / (double)n);
	return failed != 0;
}
