/*
 * Threads that each start another and end, in as many chains as the argument
 * says, and count in shared memory. Prints the counter's address.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong count;

static void *chain(void *arg)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&a, 64 << 10);
	while (pthread_create(&t, &a, chain, arg) != 0)
		;
	count++;
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;

	printf("%lx\n", (unsigned long)&count);
	fflush(stdout);
	for (int i = argc > 1 ? atoi(argv[1]) : 1; i > 0; i--)
		pthread_create(&t, 0, chain, 0);
	for (;;)
		pause();
}
