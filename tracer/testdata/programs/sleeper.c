/*
 * Uses no CPU time and does not end: argv[1] threads (default 1) pause. Prints
 * "asleep" once all are there.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *asleep(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;

	for (int i = argc > 1 ? atoi(argv[1]) : 1; i > 1; i--)
		if (pthread_create(&t, 0, asleep, 0) != 0)
			return 1;
	puts("asleep");
	fflush(stdout);
	asleep(0);
}
