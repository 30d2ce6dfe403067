/*
 * Opens a path argv[3] times while a second thread swaps the memory it lies
 * in between argv[1], which may be read, and argv[2], which may not. Prints
 * how often each was opened and refused; the second kind opened is a leak.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[256];
static const char *ways[2];
static volatile int done;

static void *flip(void *arg)
{
	(void)arg;
	while (!done)
		for (int i = 0; i < 2; i++) {
			memcpy(path, ways[i], 64);
			__asm__ volatile("" ::: "memory");
		}
	return 0;
}

int main(int argc, char **argv)
{
	static char first[256], second[256];
	long opened = 0, refused = 0, leaked = 0;
	pthread_t thread;

	if (argc < 4)
		return 2;
	strncpy(first, argv[1], 255);
	strncpy(second, argv[2], 255);
	ways[0] = first;
	ways[1] = second;
	strcpy(path, first);
	if (pthread_create(&thread, 0, flip, 0))
		return 2;
	for (long left = atol(argv[3]); left > 0; left--) {
		char head[5] = "";
		int fd = open(path, O_RDONLY);

		if (fd < 0) {
			refused++;
			continue;
		}
		if (read(fd, head, 5) == 5 && !memcmp(head, "root:", 5))
			leaked++;
		else
			opened++;
		close(fd);
	}
	done = 1;
	pthread_join(thread, 0);
	printf("opened %ld refused %ld leaked %ld\n", opened, refused, leaked);
	return leaked > 0;
}
