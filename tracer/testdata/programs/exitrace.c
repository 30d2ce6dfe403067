/* A second thread makes a socket, which compute forbids, while the first exits with status 0. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *violate(void *go)
{
	*(volatile int *)go = 1;
	socket(AF_INET, SOCK_STREAM, 0);
	return 0;
}

int main(void)
{
	static volatile int go;
	pthread_t t;

	if (pthread_create(&t, 0, violate, (void *)&go) != 0)
		return 1;
	while (!go)
		;
	syscall(SYS_exit_group, 0);
	return 1;
}
