/* The call in fatal is its last instruction, so the return address is in the
 * function behind it. */
#include <unistd.h>

__attribute__((noinline, noreturn)) void wait_here(int n)
{
	write(1, "ready\n", 6);
	for (;;)
		pause();
	(void)n;
}

__attribute__((noinline, noreturn)) void fatal(int n)
{
	wait_here(n + 1);
}

__attribute__((noinline)) int behind(int n)
{
	return n * 3;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc < 100)
		fatal(argc);
	return behind(argc);
}
