/*
 * Uses CPU time and does not end by itself. argv[1] says how: "user" computes,
 * "kernel" maps and unmaps pages, "ignore" computes with SIGXCPU ignored,
 * "threads" computes in argv[2] threads (default 8), "chain" computes argv[2]
 * ms (default 10) in each of a chain of processes, every one waiting for the
 * next, "children" does so in one child after the other, which it does not
 * wait for (SIGCHLD ignored). The last two need a policy that allows fork, and
 * end after argv[3] processes if that is given.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void compute(long ms) /* 0: for ever */
{
	struct timespec t;

	do {
		for (volatile int i = 0; i < 20000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (ms == 0 || t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

static void *computing(void *arg)
{
	for (;;)
		for (volatile int i = 0; i < 1000000; i++)
			;
	return arg;
}

static void map(void)
{
	for (;;) {
		void *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		munmap(p, 1 << 20);
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "user";
	long n = argc > 2 ? atol(argv[2]) : 0, count = argc > 3 ? atol(argv[3]) : -1;
	pthread_t t;

	if (strcmp(how, "kernel") == 0)
		map();
	if (strcmp(how, "ignore") == 0)
		signal(SIGXCPU, SIG_IGN);
	if (strcmp(how, "threads") == 0) {
		for (long i = n > 0 ? n : 8; i > 1; i--)
			if (pthread_create(&t, 0, computing, 0) != 0)
				return 1;
		computing(0);
	}
	if (strcmp(how, "chain") == 0)
		for (;;) {
			pid_t pid;

			compute(n > 0 ? n : 10);
			if (--count == 0)
				return 0;
			pid = fork();
			if (pid < 0)
				return 1;
			if (pid > 0) {
				waitpid(pid, 0, 0);
				return 0;
			}
		}
	if (strcmp(how, "children") == 0) {
		signal(SIGCHLD, SIG_IGN);
		for (; count != 0; count--) {
			pid_t pid = fork();

			if (pid < 0)
				return 1;
			if (pid == 0) {
				compute(n > 0 ? n : 10);
				_exit(0);
			}
			wait(0); /* ECHILD, once it has ended */
		}
		return 0;
	}
	compute(0);
}
