/* Calls through a pointer to nowhere; the handler waits. */
#include <signal.h>
#include <unistd.h>

static void handler(int sig)
{
	(void)sig;
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

__attribute__((noinline)) int jump(int (*f)(void))
{
	return f() + 1;
}

int main(int argc, char **argv)
{
	(void)argv;
	signal(SIGSEGV, handler);
	return jump((int (*)(void))(long)(argc - 1)) + 1;
}
