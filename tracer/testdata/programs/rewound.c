/*
 * rewound: changes all that a program can change of its own memory, between a
 * getppid and its end, and prints what it found before: the same each time
 * that somebody takes it back. It reads a line of standard input, too.
 * build: -O2 -D_GNU_SOURCE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int once, table[100000];
static char *area, *kept;

static void handler(int sig)
{
	(void)sig;
}

int main(void)
{
	char line[64] = "", out[256];
	double x = 1.5;
	char *top;
	ssize_t n;

	area = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kept = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(kept, 3, 1 << 16);
	area[5] = 9;
	top = sbrk(0);
	signal(SIGUSR1, SIG_DFL);
	syscall(SYS_getppid);
	n = read(0, line, sizeof line - 1);
	line[n > 0 ? n : 0] = 0;
	snprintf(out, sizeof out, "once %d table %d area %d %d kept %d brk %d signal %d x %g line %s", once, table[77777],
		area[5], area[900000], kept[100], sbrk(0) == top, signal(SIGUSR1, handler) == SIG_DFL, x, line);
	write(1, out, strlen(out));
	once++;
	x = 7;
	for (int i = 0; i < 100000; i += 512)
		table[i + 1] = table[77777] = i;
	area[900000] = area[5] = 1;
	mprotect(area, 4096, PROT_READ);
	munmap(area + (1 << 19), 1 << 19);
	munmap(kept, 1 << 16);
	sbrk(1 << 20);
	mmap(0, 1 << 18, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(area, 1 << 16, MADV_DONTNEED);
	alarm(0);
	_exit(0);
}
