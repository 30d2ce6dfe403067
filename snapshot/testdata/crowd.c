/* crowd COUNT THREADS: so many mappings of one page, and so many threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	long count = atol(argv[1]), threads = atol(argv[2]);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (long i = 0; i < threads; i++) {
		pthread_t id;
		if (pthread_create(&id, &small, wait_for_ever, 0))
			return 3;
	}
	char *p = mmap(0, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < count; i++) {
		p[i * PAGE] = i + 1;
		if (i % 2)
			mprotect(p + i * PAGE, PAGE, PROT_READ);
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
