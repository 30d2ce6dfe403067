/*
 * goeson STEPS THREADS: computes in THREADS threads (0: the first one alone),
 * which meet at barriers, and prints a line for each step. What it prints
 * depends on nothing else: memory by malloc and brk, floating point, mutexes
 * that know their owner, thread-local storage, and a signal that each thread
 * raises for itself and handles on a stack of its own.
 * build: -O2 -pthread -D_GNU_SOURCE
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_barrier_t barrier;
static pthread_mutex_t mutex;
static uint64_t total;
static int steps;
static __thread uint64_t mine;
static __thread volatile sig_atomic_t handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static uint64_t compute(uint64_t seed)
{
	double x = 1;
	char *p = malloc(5000 + seed % 1000);

	memset(p, (int)seed, 5000);
	for (int i = 0; i < 400000; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		x = x * 0.999 + (double)(seed >> 40) * 1e-7;
	}
	seed += (uint64_t)(x * 1e6) + (unsigned char)p[4999];
	if (seed % 3)
		free(p);
	return seed;
}

static void *work(void *arg)
{
	long id = (long)arg;
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };

	sigaltstack(&stack, 0);
	mine = (uint64_t)id + 1;
	for (int i = 0; i < steps; i++) {
		mine = compute(mine);
		raise(SIGUSR1);
		if (pthread_mutex_lock(&mutex))
			abort();
		if (pthread_mutex_lock(&mutex) != EDEADLK)
			abort();
		total += mine;
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&barrier);
		if (id == 0) {
			printf("%d %016llx %d\n", i, (unsigned long long)total, handled);
			fflush(stdout);
		}
		pthread_barrier_wait(&barrier);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t[16];
	pthread_mutexattr_t attr;
	struct sigaction sa;
	int threads = argc > 2 ? atoi(argv[2]) : 0;

	steps = argc > 1 ? atoi(argv[1]) : 20;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &sa, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mutex, &attr);
	pthread_barrier_init(&barrier, 0, threads > 0 ? (unsigned)threads : 1);
	if (threads == 0)
		work(0);
	for (long i = 0; i < threads; i++)
		pthread_create(&t[i], 0, work, (void *)i);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], 0);
	puts("end");
	return 0;
}
