/*
 * argv[1] generations (default 200) in each of which a thread other than the
 * first executes the program anew, while the first spins on a call. Prints
 * "done". Needs a policy that allows execve and /proc/self/exe.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int left;

static void *again(void *arg)
{
	char number[16];
	char *argv[] = { "threadexec", number, 0 }, *envp[] = { 0 };

	(void)arg;
	snprintf(number, sizeof number, "%d", left - 1);
	execve("/proc/self/exe", argv, envp);
	perror("execve");
	_exit(1);
}

int main(int argc, char **argv)
{
	pthread_t t;

	left = argc > 1 ? atoi(argv[1]) : 200;
	if (left <= 0) {
		puts("done");
		return 0;
	}
	if (pthread_create(&t, 0, again, 0) != 0)
		return 1;
	for (;;)
		syscall(SYS_getppid);
}
