/*
 * Gets the signal argv[1] from a timer of its own.
 * build: -static
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = argc > 1 ? atoi(argv[1]) : SIGALRM };
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	timer_t t;

	if (timer_create(CLOCK_MONOTONIC, &e, &t) != 0 || timer_settime(t, 0, &soon, 0) != 0)
		return 1;
	for (;;)
		pause();
}
