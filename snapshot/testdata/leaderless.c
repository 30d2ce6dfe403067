/* The first thread ends; another goes on. */
#include <pthread.h>
#include <unistd.h>

static void *other(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(void)
{
	pthread_t id;
	pthread_create(&id, 0, other, 0);
	pthread_exit(0);
}
