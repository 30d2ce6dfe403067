/*
 * argv[1] rounds (default 5) of one child for each mix of being a process or a
 * thread and of what names the event that a tracer is shown: SIGCHLD (fork),
 * CLONE_VFORK (vfork) or neither (clone). The first process makes them, then a
 * child of it. Each makes getppid with its thread id, its process id and the
 * number of its kind in the argument registers, which the kernel does not
 * read, and getpgid. Prints how many of each kind got an answer from getppid
 * and EXDEV from getpgid: none without a supervisor. Needs a policy that allows
 * processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID };

static const int kinds[] = { 0, SIGCHLD, CLONE_VFORK, thread, thread | SIGCHLD, thread | CLONE_VFORK };
enum { count = sizeof kinds / sizeof *kinds };

static volatile int *good; /* of each kind; shared by all processes */
static volatile int alive; /* a thread is; the kernel clears it */

/* Without errno: a thread made like this shares the one of its maker. */
static long call(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

static int child(void *arg)
{
	long kind = (long)arg;
	long parent = call(SYS_getppid, call(SYS_gettid, 0, 0, 0), call(SYS_getpid, 0, 0, 0), kind);

	if (parent >= 0 && call(SYS_getpgid, 0, 0, 0) == -EXDEV)
		__sync_fetch_and_add(&good[kind], 1);
	return 0; /* clone(3) makes the call exit, which ends the thread only */
}

static void make(long kind)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	int id;

	alive = 1;
	id = clone(child, stack + sizeof stack, kinds[kind], (void *)kind, 0, 0, &alive);
	if (id < 0) {
		perror("clone");
		_exit(1);
	}
	if ((kinds[kind] & CLONE_THREAD) == 0) {
		while (waitpid(id, 0, __WALL) != id)
			;
		return;
	}
	while (alive)
		syscall(SYS_futex, &alive, FUTEX_WAIT, 1, 0, 0, 0);
}

static void rounds(int n)
{
	for (int i = 0; i < n; i++)
		for (long kind = 0; kind < count; kind++)
			make(kind);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 5;
	pid_t pid;

	good = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (good == MAP_FAILED)
		return 1;
	rounds(n);
	pid = fork();
	if (pid == 0) {
		rounds(n);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, 0, 0) != pid)
		return 1;
	for (int kind = 0; kind < count; kind++)
		printf("%d%c", good[kind], kind + 1 < count ? ' ' : '\n');
	return 0;
}
