/*
 * sealed MODE FILE: what holds from the entry point on. What ld.so calls first
 * (DT_PREINIT_ARRAY) opens FILE before it, main after it, and each prints its
 * errno. MODE is what the former does besides:
 *
 *   plain    nothing
 *   close    closes all descriptors from 3 on
 *   thread   starts a thread that opens FILE too, once main has begun
 *   scribble starts a thread that writes over all memory below the stack
 *   fork     forks: the child comes to its entry point too, and prints first
 *   storm    has a timer signal sent every 400 microseconds
 *   blocked  blocks SIGUSR1 with one pending, which main looks for
 * build: -O2 -pthread -D_GNU_SOURCE
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int begun;
static volatile sig_atomic_t alarms;
static pthread_t thread;
static char *below;
static const char *mode = "", *file = "";
static int child;

static int try(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void *opens(void *arg)
{
	while (!begun)
		;
	return (void *)(long)try();
}

static void *scribbles(void *arg)
{
	while (!begun)
		memset(below, 0x5a, 12 << 10);
	return (void *)0;
}

static void alarmed(int sig)
{
	alarms++;
}

static void before(int argc, char **argv, char **envp)
{
	struct itimerval often = { { 0, 400 }, { 0, 400 } };
	sigset_t set;

	if (argc < 3)
		_exit(2);
	mode = argv[1];
	file = argv[2];
	printf("before %d\n", try());
	fflush(stdout);
	if (!strcmp(mode, "close"))
		close_range(3, ~0U, 0);
	if (!strcmp(mode, "thread"))
		pthread_create(&thread, 0, opens, 0);
	if (!strcmp(mode, "scribble")) {
		below = (char *)((unsigned long)(argv - 64) & ~15UL) - (14 << 10);
		pthread_create(&thread, 0, scribbles, 0);
	}
	if (!strcmp(mode, "fork"))
		child = fork();
	if (!strcmp(mode, "storm")) {
		signal(SIGALRM, alarmed);
		setitimer(ITIMER_REAL, &often, 0);
	}
	if (!strcmp(mode, "blocked")) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, 0);
		raise(SIGUSR1);
	}
}

__attribute__((section(".preinit_array"), used)) static void (*first)(int, char **, char **) = before;

int main(void)
{
	void *ret = 0;
	sigset_t set;

	begun = 1;
	if (child > 0)
		wait(0);
	printf("after %d\n", try());
	if (!strcmp(mode, "thread")) {
		pthread_join(thread, &ret);
		printf("thread %ld\n", (long)ret);
	}
	if (!strcmp(mode, "storm")) {
		int had = alarms;
		while (alarms < had + 3)
			;
		puts("alarms");
	}
	if (!strcmp(mode, "blocked")) {
		sigpending(&set);
		printf("pending %d", sigismember(&set, SIGUSR1));
		sigprocmask(SIG_BLOCK, 0, &set);
		printf(" blocked %d %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
	}
	fflush(stdout);
	_exit(0);
}
