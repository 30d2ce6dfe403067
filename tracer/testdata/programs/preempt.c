/*
 * Preempts a thread as the Go runtime does, by tgkill(own process, thread,
 * SIGURG), argv[1] times, and prints how many signals were handled. Without an
 * argument its first thread exits and three others go on for ever.
 * build: -static -pthread
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 3 };

static atomic_long handled;
static atomic_int ready, over;
static pid_t ids[MOST];

static void urgent(int sig)
{
	(void)sig;
	handled++;
}

static void *compute(void *n)
{
	ids[(long)n] = (pid_t)syscall(SYS_gettid);
	ready++;
	while (!over)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = urgent, .sa_flags = SA_RESTART };
	long rounds = argc > 1 ? atol(argv[1]) : 0;
	long threads = argc > 1 ? 1 : MOST;
	pthread_t t[MOST];

	sigaction(SIGURG, &sa, 0);
	for (long i = 0; i < threads; i++)
		if (pthread_create(&t[i], 0, compute, (void *)i) != 0)
			return 1;
	while (ready < threads)
		sched_yield();
	if (argc < 2)
		syscall(SYS_exit, 0);
	for (long i = 0; i < rounds; i++) {
		long before = handled;

		if (syscall(SYS_tgkill, getpid(), ids[0], SIGURG) != 0)
			return 2;
		while (handled == before)
			sched_yield();
	}
	over = 1;
	for (long i = 0; i < threads; i++)
		pthread_join(t[i], 0);
	printf("%ld\n", handled);
	return 0;
}
