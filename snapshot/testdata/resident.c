/* resident MIB DIRTY GIB: MIB of memory, no page like another; DIRTY random
 * pages of it are written again and again, a thousand times a second; and GIB
 * more are reserved and never touched. With DIRTY 0 it waits.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L

static uint64_t state = 88172645463325252ULL;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	long pages = atol(argv[1]) << 8, dirty = atol(argv[2]), reserved = atol(argv[3]);
	char *p = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserved && mmap(0, reserved << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return 1;
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (long i = 0; i < pages; i++)
		for (long j = 0; j < PAGE; j += 64)
			*(uint64_t *)(p + i * PAGE + j) = next();
	long *chosen = malloc((dirty + 1) * sizeof *chosen);
	for (long i = 0; i < dirty; i++)
		chosen[i] = next() % pages;
	puts("ready");
	fflush(stdout);
	if (!dirty)
		for (;;)
			pause();
	struct timespec ms = {.tv_nsec = 1000000};
	for (uint64_t round = 1;; round++) {
		for (long i = 0; i < dirty; i++)
			*(volatile uint64_t *)(p + chosen[i] * PAGE) = round;
		nanosleep(&ms, 0);
	}
}
