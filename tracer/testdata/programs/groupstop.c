/*
 * Three threads, and a group-stop of 300 ms.
 *
 * A stopped process cannot continue itself, by no thread and no timer (a
 * pending SIGALRM is not delivered while it is stopped), so without a second
 * process somebody outside has to: the program prints "stopping", raises
 * SIGSTOP, and once it was sent SIGCONT prints "stopped for N ms" and exits 0
 * if N is at least 200. With the argument "fork" it makes that other process
 * itself (a policy that allows fork), which continues it after 300 ms.
 *
 * The two other threads count meanwhile; they must stand still with the first.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile long ticks[2];

static void *tick(void *arg)
{
	for (;;) {
		ticks[(long)arg]++;
		nanosleep(&(struct timespec){ 0, 1000000 }, 0);
	}
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	pthread_t t;
	double start, gap;
	long before, after;

	(void)argv;
	pthread_create(&t, 0, tick, (void *)0L);
	pthread_create(&t, 0, tick, (void *)1L);
	if (argc > 1) {
		pid_t us = getpid();

		if (fork() == 0) {
			nanosleep(&(struct timespec){ 0, 300000000 }, 0);
			kill(us, SIGCONT);
			_exit(0);
		}
	}
	puts("stopping");
	fflush(stdout);
	before = ticks[0] + ticks[1];
	start = now();
	raise(SIGSTOP);
	gap = now() - start;
	after = ticks[0] + ticks[1];
	printf("stopped for %d ms, %ld ticks\n", (int)gap, after - before);
	return gap >= 200 && after - before < 100 ? 0 : 1;
}
