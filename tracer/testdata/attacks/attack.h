/*
 * attack.h: what the attacks share.
 *
 * Each attack tries one way out of the supervisor and ends in one of three
 * ways: exit 0, contained (the attempt was answered with an error); exit 1,
 * escaped (the attempt worked, and the program has checked that it did);
 * exit 77, impossible here (the machine lacks what the attempt needs, whoever
 * supervises). Helpers here make no call beyond write(2) and exit_group(2),
 * so what the supervisor sees first is the attack itself.
 */
#ifndef ATTACK_H
#define ATTACK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static UNUSED void say(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		return;
}

static UNUSED void say_number(long n)
{
	char buf[24], *p = buf + sizeof buf;
	unsigned long u = n < 0 ? -(unsigned long)n : (unsigned long)n;

	*--p = 0;
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (n < 0)
		*--p = '-';
	say(p);
}

static UNUSED _Noreturn void escaped(const char *what)
{
	say("ESCAPED: ");
	say(what);
	say("\n");
	_exit(1);
}

static UNUSED _Noreturn void contained(const char *what)
{
	say("contained: ");
	say(what);
	say("\n");
	_exit(0);
}

/* refused ends an attack whose call was answered with errno. */
static UNUSED _Noreturn void refused(const char *what)
{
	int e = errno;

	say("contained: ");
	say(what);
	say(": errno ");
	say_number(e);
	say("\n");
	_exit(0);
}

static UNUSED _Noreturn void impossible(const char *why)
{
	say("impossible here: ");
	say(why);
	say("\n");
	_exit(77);
}

/* settle ends a one-call attack by the call's own answer. */
static UNUSED _Noreturn void settle(long result, const char *what)
{
	if (result < 0)
		refused(what);
	escaped(what);
}

/*
 * scratch names a file of the scratch directory in argv[1] (default /tmp).
 * The test puts two victims there: the file "victim" ("victim\n", mode 666)
 * and the empty directory "victimdir" (mode 777).
 */
static UNUSED char *scratch(int argc, char **argv, const char *name)
{
	static char bufs[4][512];
	static int next;
	char *b = bufs[next++ % 4];
	const char *dir = argc > 1 ? argv[1] : "/tmp";

	if (strlen(dir) + strlen(name) + 2 > sizeof bufs[0])
		impossible("scratch directory name too long");
	strcpy(b, dir);
	strcat(b, "/");
	strcat(b, name);
	return b;
}

/* parent is the process to aim at: ours, or PID 1 where ours is hidden. */
static UNUSED long parent(void)
{
	long p = syscall(SYS_getppid);

	return p > 0 ? p : 1;
}

/* target is the process to aim at: that of argv[2] where there is one, else parent(). */
static UNUSED long target(int argc, char **argv)
{
	return argc > 2 ? strtol(argv[2], 0, 10) : parent();
}

/* is_passwd tells whether fd really reads as the user database. */
static UNUSED int is_passwd(int fd)
{
	char b[5];

	return read(fd, b, 5) == 5 && memcmp(b, "root:", 5) == 0;
}

static UNUSED void nap_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, 0);
}

static UNUSED double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* shared is zeroed memory that a child process would share with us. */
static UNUSED void *shared(size_t size)
{
	void *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		refused("mmap");
	return p;
}

static UNUSED pthread_t thread(void *(*run)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, 0, run, arg) != 0)
		contained("pthread_create refused");
	return t;
}

/* raw makes a call with all 64 bits of number and arguments as given. */
static UNUSED long raw(unsigned long nr, unsigned long a, unsigned long b, unsigned long c,
		       unsigned long d, unsigned long e, unsigned long f)
{
	long r;
	register unsigned long r10 __asm__("r10") = d;
	register unsigned long r8 __asm__("r8") = e;
	register unsigned long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (r < 0 && r > -4096) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

#endif
