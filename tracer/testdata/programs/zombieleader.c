/*
 * The first thread exits with 7, a second one ends the process with 3 after
 * 100 ms: the process's status is 3, and its leader is a zombie till then.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *last(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ 0, 100000000 }, 0);
	syscall(SYS_exit_group, 3);
	return 0;
}

int main(void)
{
	pthread_t t;

	if (pthread_create(&t, 0, last, 0) != 0)
		return 1;
	syscall(SYS_exit, 7);
	return 1;
}
