/* Four threads, each at another depth, and the first in pthread_join. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int ready;
volatile int sink;

__attribute__((noinline)) static int descend(int n)
{
	if (n == 0) {
		if (atomic_fetch_add(&ready, 1) == 3)
			write(1, "ready\n", 6);
		for (;;)
			pause();
	}
	sink = descend(n - 1) + 1;
	return sink;
}

static void *body(void *p)
{
	descend((int)(long)p);
	sink++;
	return 0;
}

int main(void)
{
	pthread_t t[4];
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], 0, body, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	return sink;
}
