/* A known chain: main, outer, recurse five times, wait_here, pause. */
#include <stdio.h>
#include <unistd.h>

volatile int sink;

__attribute__((noinline)) static void wait_here(void)
{
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

__attribute__((noinline)) int recurse(int n)
{
	if (n == 0)
		wait_here();
	else
		sink += recurse(n - 1) + 1;
	return sink + n;
}

__attribute__((noinline)) int outer(int n)
{
	char room[n * 100]; /* a frame of a size that is not constant */
	room[n] = (char)n;
	sink = room[n];
	return recurse(n) + room[n];
}

int main(void)
{
	return outer(5) + 1;
}
