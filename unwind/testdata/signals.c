/* A handler on a stack of its own, interrupted by another on the same, above a
 * computation: main, compute, (SIGUSR1) first, deeper, (SIGUSR2) second,
 * wait_here, pause. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

volatile int sink;

__attribute__((noinline)) static void wait_here(void)
{
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

static void second(int sig)
{
	sink = sig;
	wait_here();
	sink++;
}

__attribute__((noinline)) static void deeper(int sig)
{
	raise(SIGUSR2);
	sink = sig;
}

static void first(int sig, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	deeper(sig);
	sink++;
}

__attribute__((noinline)) static int compute(int *p)
{
	return *p / sink; /* SIGSEGV or SIGFPE: interrupted in the middle of nothing that calls */
}

int main(int argc, char **argv)
{
	(void)argv;
	stack_t stack = {.ss_size = 1 << 18};
	/* Above the program's stack, or below it, as the argument says. */
	stack.ss_sp = mmap(argc > 1 ? (void *)0x7ffffff00000 - (1 << 30) : (void *)0x10000000, stack.ss_size,
			   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, 0);
	struct sigaction a = {.sa_sigaction = first, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigaction(SIGSEGV, &a, 0);
	sigaction(SIGFPE, &a, 0);
	struct sigaction b = {.sa_handler = second};
	sigaction(SIGUSR2, &b, 0);
	int one = 1;
	sink = compute(argc > 1 ? &one : (int *)8) + 1;
	return sink;
}
