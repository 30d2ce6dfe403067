/*
 * Reads the time stamp counter, in the way that argv[1] says, and prints what
 * it got. What else a mode needs is said with it below.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static uint64_t rdtsc(void)
{
	uint64_t low = -1UL, high = -1UL;

	/* All 64 bits: the upper halves must have been cleared. */
	__asm__ volatile("rdtsc" : "+a"(low), "+d"(high));
	return high << 32 | low;
}

static uint64_t rdtscp(uint64_t *aux)
{
	uint64_t low = -1UL, high = -1UL;
	char carry;

	*aux = -1UL;
	/* Its last byte alone sets the carry flag. */
	__asm__ volatile("clc\n\trdtscp\n\tsetc %3" : "+a"(low), "+d"(high), "+c"(*aux), "=r"(carry));
	if (carry)
		exit(3);
	return high << 32 | low;
}

/* What the last SIGSEGV was. */
static volatile int caught, code;
static volatile uint64_t at, rax, rdx;
static sigjmp_buf after;

static void segv(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	caught++;
	code = info->si_code;
	at = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
	rax = (uint64_t)u->uc_mcontext.gregs[REG_RAX];
	rdx = (uint64_t)u->uc_mcontext.gregs[REG_RDX];
	if (info->si_code > 0)
		siglongjmp(after, 1);
}

static void handle(void)
{
	struct sigaction sa = { .sa_sigaction = segv, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, 0);
}

/* The same readings give the same text in every run. */
static int series(void)
{
	uint64_t aux;

	for (int i = 0; i < 5; i++)
		printf("%lu ", rdtsc());
	for (int i = 0; i < 5; i++) {
		printf("%lu ", rdtscp(&aux));
		printf("%lu ", aux);
	}
	printf("\n");
	return 0;
}

/* Tries to have the counter back; prints how many ticks a reading is away. */
static int enable(void)
{
	uint64_t first = rdtsc();

	errno = 0;
	if (prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0) == 0)
		printf("enabled ");
	/* The kernel reads 32 bits of the option. */
	if (syscall(SYS_prctl, 1UL << 32 | PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0) == 0)
		printf("enabled ");
	printf("%s %lu\n", strerrorname_np(errno), rdtsc() - first);
	return 0;
}

/* A signal that is sent and arrives before a reading is a signal. */
static int forge(void)
{
	uint64_t low, high, first;

	handle();
	first = rdtsc();
	low = SYS_tgkill;
	high = SIGSEGV;
	__asm__ volatile("syscall\n\trdtsc"
			 : "+a"(low), "+d"(high)
			 : "D"((long)getpid()), "S"((long)gettid())
			 : "rcx", "r11", "memory");
	printf("caught %d code %d, then %lu\n", caught, code, (high << 32 | low) - first);
	return 0;
}

/* Code of our own, at the end of the last page or across two. */
static void run(const unsigned char *text, size_t size, size_t mapped_after, int protection)
{
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(0, 3 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = p + page - size + mapped_after;

	memcpy(start, text, size);
	munmap(p + (mapped_after > 0 ? 2 : 1) * page, (size_t)page);
	mprotect(p, (size_t)page, protection);
	if (mapped_after > 0)
		mprotect(p + page, (size_t)page, protection);
	caught = 0;
	rax = rdx = 0;
	if (sigsetjmp(after, 1) == 0)
		((void (*)(void))start)();
	printf("%d code %d at +%ld, %lu; ", caught, code, (long)(at - (uint64_t)start), rdx << 32 | rax);
}

/* Behind the reading there is nothing to execute, and that is the SIGSEGV. */
static int edges(void)
{
	static const unsigned char tsc[] = { 0x0f, 0x31 }, tscp[] = { 0x0f, 0x01, 0xf9 };
	static const unsigned char after_page[] = { 0x0f, 0x01, 0xf9, 0xf4 };

	handle();
	run(tsc, sizeof tsc, 0, PROT_READ | PROT_EXEC);
	run(tscp, sizeof tscp, 0, PROT_READ | PROT_EXEC);
	run(after_page, sizeof after_page, 2, PROT_READ | PROT_EXEC);
	run(after_page, sizeof after_page, 3, PROT_READ | PROT_EXEC);
	run(tsc, sizeof tsc, 0, PROT_EXEC);
	printf("\n");
	return 0;
}

/* What is no reading faults as it always did. */
static int others(void)
{
	static const unsigned char hlt[] = { 0xf4 }, prefix[] = { 0xf3, 0x0f, 0x31 };
	static const unsigned char address[] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x8a, 0x00 };

	handle();
	run(hlt, sizeof hlt, 0, PROT_READ | PROT_EXEC);
	run(prefix, sizeof prefix, 0, PROT_READ | PROT_EXEC);
	run(address, sizeof address, 0, PROT_READ | PROT_EXEC); /* not canonical */
	printf("\n");
	return 0;
}

enum { THREADS = 4, READINGS = 200 };

static void *counting(void *arg)
{
	uint64_t *list = arg;

	for (int i = 0; i < READINGS; i++)
		list[i] = rdtsc();
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Threads share one counter, which goes forward by one step a reading. */
static int threads(void)
{
	static uint64_t all[THREADS * READINGS];
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], 0, counting, all + i * READINGS) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], 0);
	for (int i = 0; i < THREADS; i++)
		for (int j = 1; j < READINGS; j++)
			if (all[i * READINGS + j] <= all[i * READINGS + j - 1])
				return 3;
	qsort(all, THREADS * READINGS, sizeof all[0], ascending);
	for (int i = 1; i < THREADS * READINGS; i++)
		if (all[i] - all[i - 1] != all[1] - all[0])
			return 4;
	printf("%lu\n", all[THREADS * READINGS - 1] - all[0]);
	return 0;
}

/* A child counts from its own beginning; needs a policy that allows fork. */
static int forked(void)
{
	int status;

	printf("%lu ", rdtsc());
	fflush(stdout);
	if (fork() == 0) {
		printf("%lu ", rdtsc());
		fflush(stdout);
		_exit(0);
	}
	if (wait(&status) < 0 || status != 0)
		return 1;
	printf("%lu\n", rdtsc());
	return 0;
}

/* Executes itself; needs a policy that allows it. */
static int exec(void)
{
	char *argv[] = { "timestamp", "series", 0 };

	rdtsc();
	execve("/proc/self/exe", argv, argv + 2);
	return 1;
}

/* The kernel forces the fault's signal on a thread that has blocked it. */
static int blocked(void)
{
	sigset_t set;
	uint64_t first;

	handle();
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, 0);
	first = rdtsc();
	printf("%lu %d\n", rdtsc() - first, caught);
	return 0;
}

/* Where a reading is refused, it is a SIGSEGV like any other. */
static int caughtone(void)
{
	handle();
	if (sigsetjmp(after, 1) == 0)
		rdtsc();
	printf("caught %d code %d\n", caught, code);
	return 0;
}

static void *spinning(void *arg)
{
	for (;;)
		rdtsc();
	return arg;
}

/* Until it is killed. */
static int spin(void)
{
	pthread_t t;

	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&t, 0, spinning, 0) != 0)
			return 1;
	spinning(0);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{ "series", series }, { "enable", enable }, { "forge", forge }, { "edges", edges },
		{ "others", others }, { "threads", threads }, { "fork", forked }, { "exec", exec },
		{ "blocked", blocked }, { "caught", caughtone }, { "spin", spin },
	};

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (argc > 1 && strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run();
	return 2;
}
