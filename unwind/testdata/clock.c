/* Asks the vDSO for the time, for ever. */
#include <time.h>
#include <unistd.h>

volatile long sink;

__attribute__((noinline)) static void tick(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	sink += t.tv_nsec;
}

int main(void)
{
	write(1, "ready\n", 6);
	for (;;)
		tick();
}
