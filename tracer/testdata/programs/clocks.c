/*
 * Reads three clocks argv[1] times: clock_gettime, gettimeofday and time. They
 * must not go back. Prints whether the auxiliary vector tells of a vDSO, "vdso"
 * or "hidden".
 *
 * argv[2]: "threads": four threads read; "exec": reads and then executes
 * itself, without argv[2]; "bigexec": the same with 100,000 arguments and
 * 100,000 empty environment strings. The last two need a policy that allows
 * execve of /proc/self/exe.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long readings;

static void *readall(void *arg)
{
	struct timespec last = { 0, 0 }, t;
	struct timeval v;
	time_t s;

	for (long i = 0; i < readings; i++) {
		if (clock_gettime(CLOCK_MONOTONIC, &t) != 0 || gettimeofday(&v, 0) != 0 || time(&s) == (time_t)-1)
			exit(3);
		if (t.tv_sec < last.tv_sec || (t.tv_sec == last.tv_sec && t.tv_nsec < last.tv_nsec))
			exit(4);
		/* The clocks are not the same, and time() is behind by a tick. */
		if (s < v.tv_sec - 1 || s > v.tv_sec + 1)
			exit(5);
		last = t;
	}
	return arg;
}

static int again(const char *number, int many)
{
	char *small[] = { "clocks", (char *)number, 0 }, **argv = small, **envp = small + 2;

	if (many > 0) {
		argv = calloc((size_t)many + 3, sizeof *argv);
		envp = calloc((size_t)many + 1, sizeof *envp);
		if (argv == 0 || envp == 0)
			return 1;
		for (int i = 0; i < many; i++)
			argv[i + 2] = envp[i] = "";
		argv[0] = "clocks";
		argv[1] = (char *)number;
	}
	execve("/proc/self/exe", argv, envp);
	perror("execve");
	return 1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "";
	char **e = environ;
	Elf64_auxv_t *aux;
	int entries = 0, hidden = 1;

	if (argc < 2)
		return 2;
	readings = atol(argv[1]);
	while (*e++)
		;
	for (aux = (Elf64_auxv_t *)e; aux->a_type != AT_NULL; aux++) {
		entries++;
		if (aux->a_type == AT_SYSINFO_EHDR)
			hidden = 0;
	}
	if (hidden != (getauxval(AT_SYSINFO_EHDR) == 0))
		return 6;
	/* What stands around it is as it was. */
	if (getauxval(AT_PAGESZ) != (unsigned long)getpagesize() || getauxval(AT_RANDOM) == 0 || entries < 15)
		return 7;
	if (strcmp(mode, "threads") == 0) {
		pthread_t t[4];

		for (int i = 0; i < 4; i++)
			if (pthread_create(&t[i], 0, readall, 0) != 0)
				return 1;
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], 0);
	} else {
		readall(0);
	}
	printf("%s\n", hidden ? "hidden" : "vdso");
	fflush(stdout);
	if (strcmp(mode, "exec") == 0)
		return again(argv[1], 0);
	if (strcmp(mode, "bigexec") == 0)
		return again(argv[1], 100000);
	return 0;
}
