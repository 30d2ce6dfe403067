/*
 * rewriter MIB ROUNDS: has MIB MiB of memory, and some that is shared, that
 * children do not get, and that they get empty. In each of ROUNDS rounds it
 * writes all of it, makes a getppid, writes it again with a second thread that
 * never stops writing, starts a thread as long as its limit lets it, and looks
 * for children. Prints what it has seen of children, and of its limit.
 * build: -O2 -pthread -D_GNU_SOURCE
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum { PAGE = 4096, FEW = 64 };

static volatile int signals, stop;
static volatile unsigned long *busy;

static void handler(int sig)
{
	(void)sig;
	signals++;
}

static void *write_always(void *arg)
{
	while (!stop)
		for (int i = 0; i < FEW && !stop; i++)
			busy[i * PAGE / sizeof *busy]++;
	return arg;
}

static void *nothing(void *arg) { return arg; }

static char *area(unsigned long pages, int flags, int advice)
{
	char *p = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || (advice && madvise(p, pages * PAGE, advice)))
		exit(2);
	return p;
}

int main(int argc, char **argv)
{
	unsigned long pages = (argc > 1 ? strtoul(argv[1], 0, 10) : 1) << 8;
	int rounds = argc > 2 ? atoi(argv[2]) : 1, children = 0, refused = 0;
	struct { char *p; unsigned long pages; } areas[] = {
		{ area(pages, MAP_PRIVATE, 0), pages },
		{ area(FEW, MAP_SHARED, 0), FEW },
		{ area(FEW, MAP_PRIVATE, MADV_DONTFORK), FEW },
		{ area(FEW, MAP_PRIVATE, MADV_WIPEONFORK), FEW },
	};
	struct rusage usage;
	struct sigaction sa = { .sa_handler = handler };
	pthread_t writer, other;

	sigaction(SIGCHLD, &sa, 0);
	busy = (unsigned long *)area(FEW, MAP_PRIVATE, 0);
	if (pthread_create(&writer, 0, write_always, 0))
		return 3;
	for (int r = 0; r < rounds; r++) {
		for (int again = 0; again < 3; again++) {
			for (int a = 0; a < 4; a++)
				for (unsigned long i = 0; i < areas[a].pages; i++)
					memset(areas[a].p + i * PAGE + 64 * (i % 32), (int)(i * 7 + (unsigned)(r * 3 + again + a)) | 1, 48);
			if (again == 0)
				syscall(SYS_getppid);
			if (pthread_create(&other, 0, nothing, 0))
				refused++;
			else
				pthread_join(other, 0);
			if (waitpid(-1, 0, WNOHANG | __WALL) != -1 || errno != ECHILD)
				children++;
		}
	}
	stop = 1;
	pthread_join(writer, 0);
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("children %d, signals %d, of %ld KiB; threads refused %d\n", children, signals, usage.ru_maxrss, refused);
	return 0;
}
