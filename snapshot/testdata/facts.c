/* What no core has: it sets it up, says what it is, and waits in a call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_usr1(int sig)
{
	(void)sig;
	if (write(1, "alive\n", 6) != 6)
		_exit(1);
}

static pthread_barrier_t up;

static void *other(void *arg)
{
	stack_t st = {.ss_sp = malloc(16384), .ss_size = 16384};
	sigset_t set;
	sigaltstack(&st, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	pthread_kill(pthread_self(), SIGUSR2); /* waits for this thread */
	prctl(PR_SET_NAME, "o) R (1\xff");
	printf("other.tid %ld\nother.stack %lx\n", syscall(SYS_gettid), (long)st.ss_sp);
	pthread_barrier_wait(&up);
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	(void)argc;
	struct sigaction sa = {.sa_handler = on_usr1, .sa_flags = SA_RESTART};
	sigset_t set;
	pthread_t id;
	stack_t st = {.ss_sp = malloc(8192), .ss_size = 8192};
	long *tid = 0;

	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(SIGUSR1, &sa, 0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, 0);
	kill(getpid(), SIGTERM); /* waits for the process */
	sigaltstack(&st, 0);
	umask(027);

	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	dup2(fd, 7);
	lseek(7, 1234, SEEK_SET);
	prctl(40 /* PR_GET_TID_ADDRESS */, &tid);
	pthread_barrier_init(&up, 0, 2);
	pthread_create(&id, 0, other, 0);
	pthread_barrier_wait(&up);
	printf("handler %lx\nstack %lx\nclear %lx\nbrk %lx\n", (long)on_usr1, (long)st.ss_sp, (long)tid, (long)sbrk(0));
	struct { void *head; size_t len; } rl = {0};
	syscall(SYS_get_robust_list, 0, &rl.head, &rl.len);
	printf("robust %lx\n", (long)rl.head);
	puts("ready");
	fflush(stdout);
	struct timespec forever = {.tv_sec = 100000};
	for (;;)
		nanosleep(&forever, 0);
}
