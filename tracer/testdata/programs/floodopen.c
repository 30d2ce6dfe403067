/*
 * Writes without end in one thread, and in another opens what ends it, some
 * argv[1] turns of a loop later.
 * build: -static -pthread
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static long turns;

static void *violates(void *arg)
{
	for (volatile long i = 0; i < turns; i++)
		;
	open("/etc/passwd", O_RDONLY);
	return arg;
}

int main(int argc, char **argv)
{
	static char block[1 << 14];
	pthread_t t;

	turns = argc > 1 ? atol(argv[1]) : 0;
	if (pthread_create(&t, 0, violates, 0) != 0)
		return 1;
	while (write(1, block, sizeof block) > 0)
		;
	return 1;
}
