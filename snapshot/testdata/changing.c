/* Memory that changes all the time, in ways that only a look at every page, or
 * good bookkeeping, can follow: writes, pages dropped, mappings that come, go,
 * move, grow and are replaced, the break, a deeper stack, a second thread.
 *
 * Every page that is there begins with its own address, a serial number, and
 * the sum of both: a page that is torn, old or of somebody else shows itself.
 * With an argument it changes only on request: for each byte on its standard
 * input it changes something and prints a line. A second argument is the MiB of
 * one mapping more, of which only the pages change.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define GUARD_INSTALL 102 /* since Linux 6.13; EINVAL before */
#define GUARD_REMOVE 103
#define SLOTS 64
#define MOST 64

struct page {
	uint64_t address, serial, sum;
};

static char *slot[SLOTS];
static long pages[SLOTS];
static volatile uint64_t serial;
static uint64_t state;

static uint64_t next(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

static void sign(char *p)
{
	volatile struct page *g = (volatile struct page *)p;
	uint64_t n = ++serial;
	g->serial = n;
	g->address = (uint64_t)p;
	g->sum = (uint64_t)p + n;
}

static void fill(char *p, long n)
{
	for (long i = 0; i < n; i++)
		if (next(4))
			sign(p + i * PAGE);
}

static void change(void)
{
	int i = next(SLOTS);
	long n = 1 + next(MOST);
	void *p;
	switch (slot[i] ? next(10) : 9) {
	case 0:
		madvise(slot[i], pages[i] * PAGE, MADV_DONTNEED);
		break;
	case 1:
		munmap(slot[i], pages[i] * PAGE);
		slot[i] = 0;
		break;
	case 2: /* another one in its place */
		mmap(slot[i], pages[i] * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		fill(slot[i], pages[i]);
		break;
	case 3:
		p = mremap(slot[i], pages[i] * PAGE, n * PAGE, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			break;
		slot[i] = p;
		pages[i] = n;
		fill(slot[i], pages[i]);
		break;
	case 4: /* back and forth: its pages stay */
		mprotect(slot[i], pages[i] * PAGE, PROT_READ);
		mprotect(slot[i], pages[i] * PAGE, PROT_READ | PROT_WRITE);
		break;
	case 5: {
		char *brk = sbrk(n * PAGE);
		if (brk != (void *)-1 && next(2))
			sbrk(-n * PAGE);
		break;
	}
	case 6: {
		volatile char deep[64 * PAGE];
		deep[next(64) * PAGE] = 1;
		break;
	}
	case 9:
		if (slot[i])
			munmap(slot[i], pages[i] * PAGE);
		p = mmap(0, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			break;
		slot[i] = p;
		pages[i] = n;
		/* fall through */
	default:
		fill(slot[i], pages[i]);
	}
}

static char *large;
static long larges;

/* What can become of a page that stays where it is. */
static void stir(void)
{
	for (int k = 0; k < 40; k++) {
		long n = 1 + next(next(3) ? 3 : 60), at = next(larges - n);
		char *p = large + at * PAGE;
		int what = next(8);
		if (what != 2 && what != 0)
			madvise(p, n * PAGE, GUARD_REMOVE);
		switch (what) {
		case 0:
			madvise(p, n * PAGE, MADV_DONTNEED);
			break;
		case 1: /* whatever is not there becomes the page of zeros */
			for (long i = 0; i < n; i++)
				*(volatile char *)(p + i * PAGE);
			break;
		case 2:
			madvise(p, PAGE, GUARD_INSTALL);
			break;
		case 3: /* dropped and written again */
			madvise(p, n * PAGE, MADV_DONTNEED);
			/* fall through */
		default:
			fill(p, n);
		}
	}
}

static void *writer(void *arg)
{
	struct timespec us = {.tv_nsec = 50000};
	volatile uint64_t *p = mmap(0, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (uint64_t i = 0;; i++) {
		p[(i * 7919 % 256) * 512] = i;
		nanosleep(&us, 0);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t id;
	state = argc > 1 ? strtoull(argv[1], 0, 10) * 2654435761u + 1 : 4711;
	for (int i = 0; i < SLOTS; i++)
		change();
	if (argc > 2) {
		larges = strtol(argv[2], 0, 10) << 8;
		large = mmap(0, (larges + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		large += PAGE;
		mprotect(large, larges * PAGE, PROT_READ | PROT_WRITE);
		fill(large, larges);
	}
	if (argc < 2)
		pthread_create(&id, 0, writer, 0);
	puts("ready");
	fflush(stdout);
	for (;;) {
		char c;
		if (argc > 1) {
			if (read(0, &c, 1) != 1)
				return 0;
			for (int i = 0; i < 20; i++)
				change();
			if (large)
				stir();
			puts("changed");
			fflush(stdout);
			continue;
		}
		struct timespec us = {.tv_nsec = 20000};
		change();
		nanosleep(&us, 0);
	}
}
