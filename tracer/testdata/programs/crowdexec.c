/*
 * argv[1] threads (default 50) make the call argv[2] without end: "getppid",
 * or "newfstatat" of standard input. So does the first thread, unless argv[3]
 * is "gone": then it has ended. Meanwhile one more thread executes the program
 * anew, which exits with the errno of getpgid, 0 where that succeeds. Needs a
 * policy that allows execve and /proc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int stat_it, gone;
static pthread_barrier_t ready;

static void *caller(void *arg)
{
	struct stat st;

	pthread_barrier_wait(&ready);
	for (;;)
		if (stat_it)
			syscall(SYS_newfstatat, 0, "", &st, AT_EMPTY_PATH);
		else
			syscall(SYS_getppid);
	return arg;
}

/* Whether the first thread has ended: state Z, after "pid (crowdexec) ". */
static int leader_ended(void)
{
	char text[256] = "", *end;
	int fd = open("/proc/self/stat", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		_exit(1);
	close(fd);
	end = strstr(text, ") ");
	return end && end[2] == 'Z';
}

static void *executor(void *arg)
{
	char *argv[] = { "crowdexec", "again", 0 }, *envp[] = { 0 };

	while (gone && !leader_ended())
		;
	pthread_barrier_wait(&ready);
	/* A leader that is gone has no /proc/self/exe. */
	execve("/proc/thread-self/exe", argv, envp);
	perror("execve");
	_exit(1);
	return arg;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 50;
	pthread_t t;

	if (argc > 1 && strcmp(argv[1], "again") == 0) {
		errno = 0;
		getpgid(0);
		return errno;
	}
	gone = argc > 3 && strcmp(argv[3], "gone") == 0;
	stat_it = argc > 2 && strcmp(argv[2], "newfstatat") == 0;
	pthread_barrier_init(&ready, 0, (unsigned)(threads + 1 + !gone));
	for (int i = 0; i < threads; i++)
		if (pthread_create(&t, 0, caller, 0) != 0)
			return 1;
	if (pthread_create(&t, 0, executor, 0) != 0)
		return 1;
	if (gone)
		syscall(SYS_exit, 1);
	caller(0);
	return 1;
}
