/*
 * Counts what it is sent. SIGRTMIN comes with a number and is queued; it is
 * handled in any of four threads, two of which sleep and two compute. At each
 * SIGTERM it prints how many came, the sum of their numbers, and how often a
 * number came that does not say that sigqueue sent it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static atomic_long count, sum, strange;

static void queued(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	count++;
	sum += info->si_value.sival_int;
	if (info->si_code != SI_QUEUE)
		strange++;
}

static void *work(void *sleeps)
{
	for (volatile long i = 0;; i++)
		if (sleeps)
			nanosleep(&(struct timespec){ 1000, 0 }, 0);
	return 0;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = queued, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t term;
	pthread_t t;
	int sig;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, 0);
	sigaction(SIGRTMIN, &sa, 0);
	for (long i = 0; i < 4; i++)
		pthread_create(&t, 0, work, (void *)(i & 1));
	puts("ready");
	fflush(stdout);
	while (sigwait(&term, &sig) == 0) {
		printf("%ld %ld %ld\n", (long)count, (long)sum, (long)strange);
		fflush(stdout);
	}
	return 0;
}
