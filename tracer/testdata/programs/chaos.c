/*
 * For argv[1] seconds (default 2), up to 300 tasks fork, vfork, start
 * threads, execute themselves (from any thread), stop, continue and kill each
 * other at random; argv[2] is the seed. What is right is only that it ends: the
 * first process kills what is left, waits for it and prints "over". Tasks
 * signal none but tasks of their own table and group. Needs a policy that allows it all.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { slots = 300 };

/* Shared by all: inherited by fork, found again after exec by descriptor 9. */
static struct table {
	volatile int count; /* live tasks, a rough one: killed ones are not taken off */
	volatile int pids[slots];
	double end;
} *table;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void enter(void)
{
	int i = __sync_fetch_and_add(&table->count, 1);

	if (i >= slots)
		_exit(0);
	table->pids[i] = (int)syscall(SYS_getpid);
}

static void execute_again(unsigned seed)
{
	char number[16];
	char *argv[] = { "chaos", "-", number, 0 }, *envp[] = { 0 };

	snprintf(number, sizeof number, "%u", seed);
	execve("/proc/self/exe", argv, envp);
}

static void *task(void *arg)
{
	unsigned seed = (unsigned)(unsigned long)arg;

	while (now() < table->end) {
		unsigned r = (unsigned)rand_r(&seed) % 100;
		pthread_t t;
		int victim;

		if (r < 10 && table->count < slots) {
			if (fork() == 0) {
				enter();
				seed += 7919;
			}
		} else if (r < 14 && table->count < slots) {
			pid_t pid = (pid_t)syscall(SYS_fork);

			if (pid == 0) {
				enter();
				execute_again(seed + 1);
				_exit(0);
			}
		} else if (r < 18) {
			if (vfork() == 0)
				_exit(0);
		} else if (r < 26 && table->count < slots) {
			if (pthread_create(&t, 0, task, (void *)(unsigned long)(seed + 3)) == 0)
				pthread_detach(t);
			__sync_fetch_and_add(&table->count, 1);
		} else if (r < 28) {
			execute_again(seed + 5);
		} else if (r < 40) {
			/* Slot 0 is the first process: it must live. */
			victim = table->pids[1 + (unsigned)rand_r(&seed) % (slots - 1)];
			if (victim > 0 && getpgid(victim) == getpgid(0)) /* not a stranger's by now */
				kill(victim, r < 31 ? SIGKILL : r < 35 ? SIGSTOP : SIGCONT);
		} else if (r < 45) {
			while (waitpid(-1, 0, WNOHANG) > 0)
				;
		} else {
			nanosleep(&(struct timespec){ 0, 1000000 }, 0);
		}
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	int again = argc > 1 && strcmp(argv[1], "-") == 0, fd = 9;

	if (!again) {
		if (getpgid(0) != (int)syscall(SYS_getpid) && setpgid(0, 0) != 0)
			return 1;
		fd = (int)syscall(SYS_memfd_create, "chaos", 0);
		if (fd < 0 || ftruncate(fd, sizeof *table) != 0 || dup2(fd, 9) != 9)
			return 1;
	}
	table = mmap(0, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, 9, 0);
	if (table == MAP_FAILED)
		return 1;
	alarm(20);
	if (again)
		task((void *)(unsigned long)seed);

	table->end = now() + (argc > 1 ? atof(argv[1]) : 2);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	enter();
	for (unsigned i = 0; i < 4; i++)
		if (fork() == 0) {
			enter();
			task((void *)(unsigned long)(seed + i * 101));
		}
	while (now() < table->end) {
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
		nanosleep(&(struct timespec){ 0, 5000000 }, 0);
	}
	/* Stopped ones do not end by themselves. */
	for (;;) {
		pid_t pid = waitpid(-1, 0, WNOHANG);

		if (pid < 0)
			break;
		if (pid > 0)
			continue;
		for (int i = 1; i < slots; i++)
			if (table->pids[i] > 0 && getpgid(table->pids[i]) == getpgid(0))
				kill(table->pids[i], SIGKILL);
		nanosleep(&(struct timespec){ 0, 5000000 }, 0);
	}
	puts("over");
	return 0;
}
