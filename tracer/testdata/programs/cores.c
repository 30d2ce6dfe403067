/*
 * What a program sees of its cores, and when.
 *
 * count: prints how many cores it may run on, in a constructor, in main and in
 *        a thread.
 * thread: starts a thread that asks nothing and, when it runs, calls getppid
 *        in both, so that a tracer can look at them; then exits.
 * quiet: says "ready" and sleeps until its input ends.
 * busy N: calls getppid N times.
 * build: -pthread
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int cores(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return -1;
	return CPU_COUNT(&set);
}

static int early;

__attribute__((constructor)) static void before_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "count") == 0)
		early = cores();
}

static void *count(void *arg)
{
	*(int *)arg = cores();
	return 0;
}

static void *call(void *arg)
{
	syscall(SYS_getppid);
	return arg;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	pthread_t t;

	if (strcmp(mode, "count") == 0) {
		int there = 0, here = cores();

		if (pthread_create(&t, 0, count, &there) != 0 || pthread_join(t, 0) != 0)
			return 1;
		printf("%d %d %d\n", early, here, there);
	} else if (strcmp(mode, "thread") == 0) {
		if (pthread_create(&t, 0, call, 0) != 0 || pthread_join(t, 0) != 0)
			return 1;
		syscall(SYS_getppid);
	} else if (strcmp(mode, "quiet") == 0) {
		char c;

		if (write(1, "ready\n", 6) != 6)
			return 1;
		while (read(0, &c, 1) > 0)
			;
	} else if (strcmp(mode, "busy") == 0) {
		for (long n = atol(argv[2]); n > 0; n--)
			syscall(SYS_getppid);
	}
	return 0;
}
