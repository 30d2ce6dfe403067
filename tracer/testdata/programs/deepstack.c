/* Recurses through argv[1] KiB of stack (default 4096) and back; prints "ok". */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) long down(int kib)
{
	volatile char frame[1024];

	frame[0] = (char)kib;
	return kib > 0 ? down(kib - 1) + frame[0] : 0;
}

int main(int argc, char **argv)
{
	volatile long sum = down(argc > 1 ? atoi(argv[1]) : 4096);

	(void)sum;
	puts("ok");
	return 0;
}
