/*
 * Asks for /proc/self/maps again and again while a timer's signal, whose
 * handler restarts nothing, comes all the time: argv[1] times. Prints how often
 * the answer was ENOENT and how often EINTR, and then opens what ends it.
 * build: -static
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

static void tick(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = tick };
	struct itimerval every = { { 0, 100 }, { 0, 100 } };
	long rounds = argc > 1 ? atol(argv[1]) : 1000, absent = 0, interrupted = 0;

	sigaction(SIGALRM, &sa, 0);
	setitimer(ITIMER_REAL, &every, 0);
	for (long i = 0; i < rounds; i++) {
		if (open("/proc/self/maps", O_RDONLY) >= 0)
			return 1;
		absent += errno == ENOENT;
		interrupted += errno == EINTR;
	}
	printf("%ld %ld\n", absent, interrupted);
	fflush(stdout);
	for (;;)
		if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EINTR)
			return 2;
}
