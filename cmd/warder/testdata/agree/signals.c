/*
 * Signals: handlers, masks, stacks, timers and what they interrupt. A timer
 * fires again after a second: under a slow tracer the first one may be before
 * the pause that waits for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf back;

static void nothing(int sig) { (void)sig; }
static void told(int sig, siginfo_t *i, void *c) { (void)sig, (void)i, (void)c; }
static void jump(int sig) { (void)sig; siglongjmp(back, 1); }

int main(void)
{
	struct sigaction a = {.sa_handler = nothing, .sa_flags = SA_RESTART}, old;
	struct sigaction b = {.sa_sigaction = told, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t ss = {.ss_sp = malloc(65536), .ss_size = 65536}, os;
	sigset_t set, was;
	struct itimerval it = {{1, 0}, {0, 50000}}, none = {{0, 0}, {0, 0}}, oit;
	struct sigevent sev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	struct itimerspec its = {{1, 0}, {0, 50000000}}, never = {{0, 0}, {0, 0}}, oits;
	timer_t timer;
	union sigval v = {.sival_int = 42};
	char c;
	int p[2];

	sigemptyset(&a.sa_mask);
	sigaddset(&a.sa_mask, SIGINT);
	sigaddset(&a.sa_mask, SIGTERM);
	sigaction(SIGUSR1, &a, &old);
	sigaction(SIGUSR2, &b, 0);
	sigaction(SIGRTMIN, &b, 0);
	sigaction(SIGALRM, &a, 0);
	sigaction(SIGCHLD, &a, 0);
	sigaction(SIGUSR1, 0, &old);
	sigaction(SIGKILL, &a, 0);
	sigaltstack(&ss, &os);
	sigaltstack(0, &os);

	kill(getpid(), SIGUSR1);
	raise(SIGUSR2);
	sigqueue(getpid(), SIGUSR2, v);
	kill(0x7ffffff, 0);

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &was);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGRTMIN + 3);
	sigpending(&set);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigwaitinfo(&set, 0);
	sigprocmask(SIG_SETMASK, &was, 0);

	sigprocmask(SIG_BLOCK, &a.sa_mask, 0);
	setitimer(ITIMER_REAL, &it, &oit);
	sigemptyset(&set);
	sigsuspend(&set);
	sigprocmask(SIG_UNBLOCK, &a.sa_mask, 0);

	setitimer(ITIMER_REAL, &it, 0);
	pause();
	pipe(p);
	a.sa_flags = 0;
	sigaction(SIGALRM, &a, 0);
	setitimer(ITIMER_REAL, &it, 0);
	read(p[0], &c, 1);
	struct timespec ts = {5, 0};
	setitimer(ITIMER_REAL, &it, 0);
	nanosleep(&ts, &ts);
	setitimer(ITIMER_REAL, &none, 0);

	sigaction(SIGRTMIN, &b, 0);
	timer_create(CLOCK_MONOTONIC, &sev, &timer);
	timer_settime(timer, 0, &its, &oits);
	pause();
	timer_settime(timer, 0, &never, 0);
	timer_getoverrun(timer);
	timer_gettime(timer, &oits);
	timer_delete(timer);

	signal(SIGSEGV, jump);
	if (!sigsetjmp(back, 1))
		*(volatile int *)16 = 1;
	signal(SIGFPE, jump);
	volatile int zero = 0;
	if (!sigsetjmp(back, 1))
		zero = 1 / zero;
	signal(SIGILL, jump);
	if (!sigsetjmp(back, 1))
		__builtin_trap();
	signal(SIGBUS, jump);
	FILE *f = fopen("short", "w+");
	char *m = mmap(0, 4096, PROT_READ, MAP_SHARED, fileno(f), 0);
	if (!sigsetjmp(back, 1))
		zero = *(volatile char *)m;
	signal(SIGTRAP, nothing);
	raise(SIGTRAP);
	__asm__ volatile("int3");
	syscall(999, 1, 2, 3, 4, 5, 6);

	for (int i = 0; i < 4; i++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			if (i == 0)
				_exit(7);
			if (i == 1)
				raise(SIGKILL);
			if (i == 2)
				raise(SIGSTOP);
			signal(SIGABRT, SIG_DFL);
			abort();
		}
		waitpid(child, &status, i == 2 ? WUNTRACED : 0);
		if (i == 2) {
			kill(child, SIGCONT);
			waitpid(child, &status, WCONTINUED);
			waitpid(child, &status, 0);
		}
	}
	sigset_t rt;
	sigemptyset(&rt);
	for (int i = 34; i < 64; i++)
		sigaddset(&rt, i);
	sigprocmask(SIG_BLOCK, &rt, 0);
	signal(SIGTERM, SIG_DFL);
	kill(getpid(), SIGTERM);
	return 0;
}
