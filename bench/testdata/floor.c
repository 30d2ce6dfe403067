/*
 * What a call costs under one mechanism, by the loop that measures it and
 * nothing else: the floor that warder's figures are shown against.
 *
 *   floor --list                  the names of the mechanisms
 *   floor NAME CALLS CORE OTHER   nanoseconds per call
 *
 * The process that makes the calls is on CORE, and so is its supervisor but
 * for names that end in -other. Exit status 1: the kernel lacks something,
 * which is said on standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define INFO 0x420e
#define SET_FLAGS 0x40082104

enum confine { NONE, STRICT, ALLOW, ARGUMENT, ERRNO, TRAP, DISPATCH, NOTIFY, TRACE };
enum look { NOTHING, ASK, REGS, READ64 = 4, READ4K = 8, DENY = 16 };

static const struct way {
	const char *name;
	long call;
	enum confine confine;
	int request; /* that a tracer resumes with; 0: no tracer */
	int look;
	int wakeup; /* synchronous */
} ways[] = {
	{"native", SYS_getppid},
	{"native-read", SYS_read},
	{"native-write", SYS_write},
	{"native-fcntl", SYS_fcntl},
	{"strict-read", SYS_read, STRICT},
	{"strict-write", SYS_write, STRICT},
	{"filter-allow", SYS_getppid, ALLOW},
	{"filter-argument", SYS_getppid, ARGUMENT},
	{"filter-errno", SYS_getppid, ERRNO},
	{"trap", SYS_getppid, TRAP},
	{"dispatch", SYS_getppid, DISPATCH},
	{"notify", SYS_getppid, NOTIFY},
	{"notify-sync", SYS_getppid, NOTIFY, 0, NOTHING, 1},
	{"notify-sync-64", SYS_getppid, NOTIFY, 0, READ64, 1},
	{"notify-sync-4k", SYS_getppid, NOTIFY, 0, READ4K, 1},
	{"notify-other", SYS_getppid, NOTIFY},
	{"notify-sync-other", SYS_getppid, NOTIFY, 0, NOTHING, 1},
	{"trace", SYS_getppid, TRACE, PTRACE_CONT},
	{"trace-info", SYS_getppid, TRACE, PTRACE_CONT, ASK},
	{"trace-regs", SYS_getppid, TRACE, PTRACE_CONT, REGS},
	{"trace-info-64", SYS_getppid, TRACE, PTRACE_CONT, ASK | READ64},
	{"trace-info-4k", SYS_getppid, TRACE, PTRACE_CONT, ASK | READ4K},
	{"trace-deny", SYS_getppid, TRACE, PTRACE_CONT, ASK | DENY},
	{"trace-other", SYS_getppid, TRACE, PTRACE_CONT},
	{"trace-info-64-other", SYS_getppid, TRACE, PTRACE_CONT, ASK | READ64},
	{"syscall", SYS_getppid, NONE, PTRACE_SYSCALL},
	{"syscall-info", SYS_getppid, NONE, PTRACE_SYSCALL, ASK},
	{"syscall-regs", SYS_getppid, NONE, PTRACE_SYSCALL, REGS},
	{"syscall-other", SYS_getppid, NONE, PTRACE_SYSCALL},
	{"sysemu", SYS_getppid, NONE, PTRACE_SYSEMU},
	{"sysemu-regs", SYS_getppid, NONE, PTRACE_SYSEMU, REGS},
	{"sysemu-other", SYS_getppid, NONE, PTRACE_SYSEMU},
};

/* What both processes see. */
static struct {
	struct timespec times[2];
	int listener;
	char bytes[4096];
} *common;

static int go[2], over[2]; /* pipes to and from the process that calls */
static volatile char selector = 1;
static char taken[4096];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void must(long result, const char *what)
{
	if (result < 0)
		fail(what);
}

/*
 * A call without the C library around it: a tracer and its tracee take turns on
 * a core, and each page of code that a turn touches may have to be found anew.
 */
static inline __attribute__((always_inline)) void call(const char *what, long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	if (n < 0) {
		errno = (int)-n;
		fail(what);
	}
}

/*
 * The C library asks the kernel to keep the core's number in its memory
 * (rseq(2)), which it then does at each switch: work that is not the loop's.
 */
static void plain(void)
{
#ifdef RSEQ_SIG
	/* An error means that it was not asked for. */
	syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
}

static void pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	plain();
	must(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
	alarm(60);
}

static long load(struct sock_filter *code, size_t size, int flags)
{
	struct sock_fprog program = {size / sizeof *code, code};

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

#define FIELD(f) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, f))
#define EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define RET(v) BPF_STMT(BPF_RET | BPF_K, v)

static long answer(unsigned verdict, int flags)
{
	struct sock_filter code[] = {
		FIELD(arch), EQUAL(AUDIT_ARCH_X86_64, 1, 0), RET(SECCOMP_RET_KILL_PROCESS),
		FIELD(nr), EQUAL(SYS_getppid, 1, 0), RET(SECCOMP_RET_ALLOW), RET(verdict),
	};

	return load(code, sizeof code, flags);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 1;
}

/* The loop. The C library, with the calls that are never to be dispatched, lies behind it. */
__attribute__((noinline, noclone)) static void repeat(long calls, long number)
{
	long a = number == SYS_getppid ? 5 : number == SYS_read ? go[0] : over[1];
	long b = number == SYS_fcntl ? F_GETFD : (long)common->bytes;

	do {
		long result = number;
		__asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(0L) : "rcx", "r11", "memory");
	} while (--calls > 0);
}

static void confine(enum confine how)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO};
	struct sock_filter all[] = {RET(SECCOMP_RET_ALLOW)}, argument[] = {
		FIELD(arch), EQUAL(AUDIT_ARCH_X86_64, 1, 0), RET(SECCOMP_RET_KILL_PROCESS),
		FIELD(nr), EQUAL(SYS_getppid, 1, 0), RET(SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + 4), EQUAL(0, 1, 0), RET(SECCOMP_RET_ERRNO | EPERM),
		FIELD(args[0]), EQUAL(5, 1, 0), RET(SECCOMP_RET_ERRNO | EPERM), RET(SECCOMP_RET_ALLOW),
	};

	action.sa_sigaction = handle;
	switch (how) {
	case NONE:
		break;
	case STRICT:
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), "strict mode");
		break;
	case ALLOW:
		must(load(all, sizeof all, 0), "seccomp");
		break;
	case ARGUMENT:
		must(load(argument, sizeof argument, 0), "seccomp");
		break;
	case ERRNO:
		must(answer(SECCOMP_RET_ERRNO | EPERM, 0), "seccomp");
		break;
	case TRAP:
		must(sigaction(SIGSYS, &action, NULL), "sigaction");
		must(answer(SECCOMP_RET_TRAP, 0), "seccomp");
		break;
	case DISPATCH:
		must(sigaction(SIGSYS, &action, NULL), "sigaction");
		must(prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, (unsigned long)repeat + 256, -(unsigned long)repeat - 257, &selector), "dispatch");
		break;
	case NOTIFY:
		common->listener = answer(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		must(common->listener, "seccomp");
		break;
	case TRACE:
		must(answer(SECCOMP_RET_TRACE, 0), "seccomp");
		break;
	}
}

/* The process that calls. In strict mode its parent takes the time. */
static void caller(const struct way *w, long calls, int core)
{
	char byte = 0;

	setsid(); /* as a supervised program has: the scheduler tells sessions apart */
	pin(core);
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	confine(w->confine);
	must(write(over[1], &byte, 1), "write");
	must(read(go[0], &byte, 1), "read");
	if (w->request != 0)
		__asm__ volatile("int3");
	if (w->confine != STRICT)
		clock_gettime(CLOCK_MONOTONIC, &common->times[0]);
	repeat(calls, w->call);
	if (w->confine != STRICT)
		clock_gettime(CLOCK_MONOTONIC, &common->times[1]);
	if (w->request != 0 || w->confine == NOTIFY)
		repeat(1, w->call); /* where the supervisor leaves its loop */
	must(write(over[1], &byte, 1), "write");
	syscall(SYS_exit, 0);
}

static inline void read_memory(pid_t pid, long look)
{
	size_t size = look & READ64 ? 64 : 4096;
	struct iovec local = {taken, size}, remote = {common->bytes, size};

	if (look & (READ64 | READ4K))
		call("process_vm_readv", SYS_process_vm_readv, pid, (long)&local, 1, (long)&remote, 1, 0);
}

static inline void wait_for(pid_t pid, int want)
{
	int status;

	call("wait4", SYS_wait4, pid, (long)&status, __WALL, 0, 0, 0);
	if (status != want) {
		fprintf(stderr, "status %#x instead of %#x\n", status, want);
		exit(1);
	}
}

static void trace(const struct way *w, pid_t pid, long calls)
{
	static struct user_regs_struct regs;
	static char info[88];
	char byte = 0;
	int stop = w->confine == TRACE ? 0x7057f : 0x857f;
	long stops = w->request == PTRACE_SYSCALL ? 2 * calls : calls;
	const long request = w->request, look = w->look;

	must(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), "PTRACE_SEIZE");
	must(write(go[1], &byte, 1), "write");
	wait_for(pid, 0x57f);
	call("resume", SYS_ptrace, request, pid, 0, 0, 0, 0);
	for (long i = 0; i < stops; i++) {
		wait_for(pid, stop);
		if (look & ASK)
			call("PTRACE_GET_SYSCALL_INFO", SYS_ptrace, INFO, pid, sizeof info, (long)info, 0, 0);
		if (look & REGS)
			call("PTRACE_GETREGS", SYS_ptrace, PTRACE_GETREGS, pid, 0, (long)&regs, 0, 0);
		read_memory(pid, look);
		if (look & DENY) {
			call("PTRACE_POKEUSER", SYS_ptrace, PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1, 0, 0);
			call("PTRACE_POKEUSER", SYS_ptrace, PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), -EPERM, 0, 0);
		}
		call("resume", SYS_ptrace, request, pid, 0, 0, 0, 0);
	}
	wait_for(pid, stop);
	must(ptrace(PTRACE_CONT, pid, 0, 0), "PTRACE_CONT");
}

static void listen_to(const struct way *w, pid_t pid, long calls)
{
	char byte = 0;
	const long look = w->look;
	int listener = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), common->listener, 0);

	must(listener, "pidfd_getfd");
	if (w->wakeup)
		must(ioctl(listener, SET_FLAGS, 1), "SECCOMP_IOCTL_NOTIF_SET_FLAGS");
	must(write(go[1], &byte, 1), "write");
	for (long i = 0; i < calls + 1; i++) {
		struct seccomp_notif request = {0};
		struct seccomp_notif_resp response = {0};

		call("SECCOMP_IOCTL_NOTIF_RECV", SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, (long)&request, 0, 0, 0);
		read_memory(pid, look);
		response.id = request.id;
		call("SECCOMP_IOCTL_NOTIF_SEND", SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, (long)&response, 0, 0, 0);
	}
}

static void measure(const struct way *w, long calls, int core, int other)
{
	char byte = 0;
	pid_t pid;
	const char *tail = strrchr(w->name, '-');

	must(pipe(go) | pipe(over), "pipe");
	common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		fail("mmap");
	memset(common->bytes, 1, sizeof common->bytes);
	must(pid = fork(), "fork");
	if (pid == 0)
		caller(w, calls, core);
	close(over[1]);
	pin(tail != NULL && strcmp(tail, "-other") == 0 ? other : core);
	if (read(over[0], &byte, 1) != 1)
		exit(1); /* it has said why */
	if (w->request != 0) {
		trace(w, pid, calls);
	} else if (w->confine == NOTIFY) {
		listen_to(w, pid, calls);
	} else {
		if (w->confine == STRICT)
			clock_gettime(CLOCK_MONOTONIC, &common->times[0]);
		must(write(go[1], &byte, 1), "write");
		if (w->confine == STRICT && read(over[0], &byte, 1) == 1)
			clock_gettime(CLOCK_MONOTONIC, &common->times[1]);
	}
	wait_for(pid, 0);
	printf("%.3f\n", ((double)(common->times[1].tv_sec - common->times[0].tv_sec) * 1e9 +
			  (double)(common->times[1].tv_nsec - common->times[0].tv_nsec)) / (double)calls);
}

int main(int argc, char **argv)
{
	size_t n = sizeof ways / sizeof *ways;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < n; i++)
			puts(ways[i].name);
		return 0;
	}
	for (size_t i = 0; argc == 5 && i < n; i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		measure(&ways[i], atol(argv[2]), atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	fprintf(stderr, "floor --list | floor NAME CALLS CORE OTHER\n");
	return 2;
}
