/*
 * ownfilter MODE: a program that confines itself further, with a seccomp
 * filter of its own. MODE is what the filter answers getppid with, and main
 * then prints what getppid gives:
 *
 *   errno    EXDEV
 *   trace    SECCOMP_RET_TRACE, which its supervisor gets
 *   trap     SIGSYS, whose handler answers 5
 *   notif    a listener, a thread of its own, which answers 6
 *   allow    nothing; and it allows socket, which is tried
 *   nested   a filter that answers each call but write and exit_group EXDEV
 *
 * With "early-" the filter is there before the entry point, and the call is
 * seccomp, which no program but its supervisor makes later:
 *
 *   early-errno, early-trace
 *   early-thread  in one thread only, and about getppid
 *   early-other   about getppid: it is in nobody's way
 * build: -O2 -pthread -D_GNU_SOURCE
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int ready;
static int listener;

/* load answers the call of a number with ret, and others with other. */
static int load(unsigned nr, unsigned ret, unsigned other, unsigned flags)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, ret),
		BPF_STMT(BPF_RET | BPF_K, other),
	};
	struct sock_fprog p = { sizeof f / sizeof *f, f };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static void trapped(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 5;
}

static void *listens(void *arg)
{
	struct seccomp_notif n;
	struct seccomp_notif_resp r;

	memset(&n, 0, sizeof n);
	memset(&r, 0, sizeof r);
	ready = 1;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n))
		return 0;
	r.id = n.id;
	r.val = 6;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
	return 0;
}

static void *alone(void *arg)
{
	load(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ALLOW, 0);
	ready = 1;
	for (;;)
		pause();
	return arg;
}

static void before(int argc, char **argv, char **envp)
{
	const char *mode = argc > 1 ? argv[1] : "";
	pthread_t t;

	if (!strcmp(mode, "early-errno"))
		load(SYS_seccomp, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ALLOW, 0);
	if (!strcmp(mode, "early-trace"))
		load(SYS_seccomp, SECCOMP_RET_TRACE | 7, SECCOMP_RET_ALLOW, 0);
	if (!strcmp(mode, "early-other"))
		load(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ALLOW, 0);
	if (!strcmp(mode, "early-thread")) {
		pthread_create(&t, 0, alone, 0);
		while (!ready)
			;
	}
}

__attribute__((section(".preinit_array"), used)) static void (*first)(int, char **, char **) = before;

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	struct sigaction sa;
	pthread_t t;
	char line[32];
	long ret;

	if (!strcmp(mode, "errno"))
		load(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ALLOW, 0);
	if (!strcmp(mode, "trace"))
		load(SYS_getppid, SECCOMP_RET_TRACE | 7, SECCOMP_RET_ALLOW, 0);
	if (!strcmp(mode, "trap")) {
		memset(&sa, 0, sizeof sa);
		sa.sa_sigaction = trapped;
		sa.sa_flags = SA_SIGINFO;
		sigaction(SIGSYS, &sa, 0);
		load(SYS_getppid, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, 0);
	}
	if (!strcmp(mode, "notif")) {
		listener = load(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		pthread_create(&t, 0, listens, 0);
	}
	if (!strcmp(mode, "allow")) {
		load(SYS_getppid, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW, 0);
		ret = socket(AF_INET, SOCK_STREAM, 0);
		dprintf(1, "socket %ld\n", ret);
	}
	if (!strcmp(mode, "nested"))
		load(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ERRNO | EXDEV, 0);
	ret = syscall(SYS_getppid);
	snprintf(line, sizeof line, "%ld\n", ret < 0 ? -(long)errno : ret > 6 ? 7 : ret);
	syscall(SYS_write, 1, line, strlen(line));
	syscall(SYS_exit_group, 0);
}
