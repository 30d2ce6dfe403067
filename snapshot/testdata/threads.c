/* Threads that wait, one that computes, and each with a thread-local number. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS 4

static volatile int known = 815;
static __thread int own;
static pthread_barrier_t up;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long spins;

static void *wait_for_ever(void *arg)
{
	own = (int)(long)arg;
	pthread_barrier_wait(&up);
	pthread_mutex_lock(&held);
	return arg;
}

static void *compute(void *arg)
{
	own = (int)(long)arg;
	pthread_barrier_wait(&up);
	for (;;)
		spins++;
	return arg;
}

int main(void)
{
	pthread_t id;
	pthread_mutex_lock(&held);
	pthread_barrier_init(&up, 0, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&id, 0, i ? wait_for_ever : compute, (void *)(100 + i));
	pthread_barrier_wait(&up);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
