/* Makes and joins argv[1] threads (default 1000), one after another. */
#include <pthread.h>
#include <stdlib.h>

static void *nothing(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

	for (long i = 0; i < n; i++) {
		pthread_t t;
		void *back;

		if (pthread_create(&t, 0, nothing, &n) != 0)
			return 1;
		if (pthread_join(t, &back) != 0 || back != &n)
			return 2;
	}
	return 0;
}
