/* Processes and threads: every way to make one, to wait for one, and what is
   set of one. */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char stack[65536];

static int child(void *arg) { return (int)(long)arg; }

static void *thread(void *arg)
{
	prctl(PR_SET_NAME, "worker");
	syscall(SYS_gettid);
	return arg;
}

int main(int argc, char **argv)
{
	int status, pidfd;
	siginfo_t info;
	struct rusage ru;
	pid_t pid;
	pthread_t t;

	if (argc > 1)
		return atoi(argv[1]);
	char *args[] = {argv[0], "3", 0}, *env[] = {"A=1", 0};

	pid = fork();
	if (pid == 0) {
		setsid();
		getppid();
		_exit(3);
	}
	wait4(pid, &status, 0, &ru);
	wait4(-1, &status, WNOHANG, 0);

	pid = vfork();
	if (pid == 0) {
		execve(argv[0], args, env);
		_exit(9);
	}
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	waitid(P_PID, pid, &info, WEXITED);
	posix_spawn(&pid, argv[0], 0, 0, args, environ);
	waitpid(pid, &status, 0);
	execve("/nothing", args, env);

	pid = clone(child, stack + sizeof stack, SIGCHLD | CLONE_FILES | CLONE_FS, (void *)5L);
	waitpid(pid, &status, __WALL);
	pid = clone(child, stack + sizeof stack, SIGCHLD | CLONE_PIDFD, (void *)6L, &pidfd);
	syscall(SYS_pidfd_send_signal, pidfd, 0, 0, 0);
	waitid(P_PIDFD, pidfd, &info, WEXITED);
	close(pidfd);
	struct clone_args ca = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	pid = syscall(SYS_clone3, &ca, sizeof ca);
	if (pid == 0)
		_exit(8);
	waitpid(pid, &status, 0);
	syscall(SYS_pidfd_open, getpid(), 0);
	ca.flags = CLONE_THREAD;
	syscall(SYS_clone3, &ca, sizeof ca);
	syscall(SYS_clone3, &ca, 8);

	pthread_create(&t, 0, thread, argv);
	pthread_join(t, 0);

	uint32_t word = 1;
	struct timespec ts = {0, 1000};
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts);
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &ts);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1);
	syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0));
	syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 2, &word, 9);
	syscall(SYS_futex, &word, 77, 1, 2, 3, 4);

	cpu_set_t cpus;
	struct sched_param sp = {0};
	sched_getaffinity(0, sizeof cpus, &cpus);
	sched_setaffinity(0, sizeof cpus, &cpus);
	sched_getparam(0, &sp);
	sched_setscheduler(0, SCHED_BATCH, &sp);
	sched_getscheduler(0);
	sched_get_priority_max(SCHED_FIFO);
	sched_rr_get_interval(0, &ts);
	sched_yield();
	uint32_t attr[14] = {48};
	syscall(SYS_sched_getattr, 0, attr, 48, 0);
	unshare(CLONE_FS);

	struct rlimit rl = {100 * 1024, 200 * 1024}, old;
	getrlimit(RLIMIT_NOFILE, &old);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prlimit(getpid(), RLIMIT_FSIZE, &rl, &old);
	getrlimit(RLIMIT_AS, &old);
	getrusage(RUSAGE_CHILDREN, &ru);
	getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_PROCESS, 0, 5);
	nice(1);

	char name[17] = "";
	prctl(PR_SET_NAME, "a name");
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_GET_PDEATHSIG, &status);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_GET_CHILD_SUBREAPER, &status);
	prctl(PR_CAPBSET_READ, 21);
	prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_GET_SECCOMP);
	prctl(PR_SET_TIMERSLACK, 1000);
	prctl(PR_GET_TIMERSLACK);
	prctl(PR_GET_KEEPCAPS);
	prctl(PR_GET_SECUREBITS);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(12345, 1, 2, 3, 4);
	setpgid(0, 0);
	getpgid(0);
	getsid(0);
	args[1] = "4";
	execve(argv[0], args, env);
	return 1;
}
