/*
 * vforkruns FILE: a thread that has been a vfork parent and goes on, while
 * others are looked at. It counts in FILE's memory, for whoever looks to see
 * whether it stands still.
 * build: -O2 -pthread -D_GNU_SOURCE
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

volatile unsigned long counter;

static void *runs(void *arg)
{
	int pid = vfork(); /* after which nothing makes it stop: SIGCHLD is blocked */

	if (pid == 0)
		_exit(0);
	waitpid(pid, 0, 0);
	for (;;)
		counter++;
	return arg;
}

int main(void)
{
	pthread_t t;
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, 0);
	pthread_create(&t, 0, runs, 0);
	while (!counter)
		;
	for (int i = 0; i < 20; i++)
		syscall(SYS_getppid, &counter);
	return 0;
}
