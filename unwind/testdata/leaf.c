/* A leaf without a frame that computes for ever. */
#include <unistd.h>

volatile unsigned long sink;

__attribute__((noinline)) unsigned long leaf(unsigned long n)
{
	for (unsigned long i = n; i; i += 3)
		n = n * 5 + i;
	return n;
}

__attribute__((noinline)) unsigned long middle(unsigned long n)
{
	return leaf(n) + 1;
}

int main(void)
{
	write(1, "ready\n", 6);
	for (unsigned long n = 1;; n++)
		sink += middle(n);
}
