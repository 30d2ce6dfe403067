/*
 * A library, to be preloaded, whose constructor starts threads before the
 * program's entry point: four that sleep on a condition, one that computes and
 * one that makes calls.
 * build: -shared -fPIC -pthread
 */
#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static volatile unsigned long work;

static void *sleeps(void *arg)
{
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&never, &lock);
	return arg;
}

static void *computes(void *arg)
{
	for (;;)
		work++;
	return arg;
}

static void *calls(void *arg)
{
	for (;;)
		work += getppid();
	return arg;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t t;

	for (int i = 0; i < 4; i++)
		pthread_create(&t, 0, sleeps, 0);
	pthread_create(&t, 0, computes, 0);
	pthread_create(&t, 0, calls, 0);
}
