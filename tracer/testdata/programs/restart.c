/*
 * Calls that the kernel interrupts and restarts: a 300 ms sleep and a poll of
 * 300 ms go on through job control, a read goes on through a handled signal
 * (SA_RESTART). Prints "slept N ms, polled N ms, read 1".
 *
 * A process cannot send itself SIGSTOP and later SIGCONT: whoever runs it may
 * stop and continue it meanwhile, and the sleep and the poll then come back to
 * the tracer as restart_syscall. With the argument "fork" a child does it (a
 * policy that allows fork). Without either, a thread interrupts it by signals.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int p[2];

static void nothing(int sig)
{
	(void)sig;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void *interrupt(void *main_thread)
{
	struct timespec t = { 0, 50000000 };

	for (int i = 0; i < 3; i++) {
		nanosleep(&t, 0);
		pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
	}
	nanosleep(&t, 0);
	return write(p[1], "x", 1) == 1 ? main_thread : 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct timespec t = { 0, 300000000 };
	pthread_t self = pthread_self(), other;
	double start, slept, polled;
	char c;
	int n;

	(void)argv;
	sigaction(SIGUSR1, &sa, 0);
	if (pipe(p) != 0)
		return 1;
	if (argc > 1) {
		pid_t us = getpid();

		if (fork() == 0) {
			for (int i = 0; i < 5; i++) {
				nanosleep(&(struct timespec){ 0, 50000000 }, 0);
				kill(us, SIGSTOP);
				nanosleep(&(struct timespec){ 0, 20000000 }, 0);
				kill(us, SIGCONT);
			}
			_exit(0);
		}
	}
	start = now();
	if (nanosleep(&t, 0) != 0)
		return 1;
	slept = now() - start;
	start = now();
	if (poll(0, 0, 300) != 0)
		return 1;
	polled = now() - start;
	pthread_create(&other, 0, interrupt, &self);
	n = (int)read(p[0], &c, 1);
	pthread_join(other, 0);
	printf("slept %d ms, polled %d ms, read %d\n", (int)slept, (int)polled, n);
	return slept >= 299 && polled >= 299 && n == 1 ? 0 : 1;
}
