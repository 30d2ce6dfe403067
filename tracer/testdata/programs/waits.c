/*
 * Threads that wait, each in another call and without a time limit, and count
 * how often the call comes back though nothing has happened. When standard
 * input ends it prints each call's name and count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int ep, queue, semaphore, inotify, sockets[2], pipes[2];
static int ring;
static unsigned long aio;
static unsigned word;
static unsigned params[64];
static sigset_t usr;

static long do_epoll_wait(void)
{
	struct epoll_event e;
	return epoll_wait(ep, &e, 1, -1);
}

static long do_epoll_pwait(void)
{
	struct epoll_event e;
	return epoll_pwait(ep, &e, 1, -1, &usr);
}

static long do_epoll_pwait2(void)
{
	struct epoll_event e;
	return syscall(441, ep, &e, 1, 0, 0, 8);
}

static long do_sigwaitinfo(void)
{
	return sigwaitinfo(&usr, 0);
}

static long do_semop(void)
{
	struct sembuf op = { 0, -1, 0 };
	return semop(semaphore, &op, 1);
}

static long do_semtimedop(void)
{
	struct sembuf op = { 0, -1, 0 };
	return semtimedop(semaphore, &op, 1, 0);
}

static long do_msgrcv(void)
{
	char m[64];
	return msgrcv(queue, m, 32, 0, 0);
}

static long do_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
}

static long do_poll(void)
{
	return poll(0, 0, -1);
}

static long do_pause(void)
{
	return pause();
}

static long do_sleep(void)
{
	return nanosleep(&(struct timespec){ 10000, 0 }, 0);
}

static long do_read(void)
{
	char c;
	return read(pipes[0], &c, 1);
}

static long do_recv(void)
{
	char c;
	return recv(sockets[0], &c, 1, 0);
}

static long do_inotify(void)
{
	char b[512];
	return read(inotify, b, sizeof(b));
}

static long do_io_getevents(void)
{
	char events[32];
	return aio ? syscall(SYS_io_getevents, aio, 1, 1, events, 0) : pause();
}

static long do_io_uring(void)
{
	const int getevents = 1;
	return ring >= 0 ? syscall(426, ring, 0, 1, getevents, 0, 0) : pause();
}

static struct {
	const char *name;
	long (*call)(void);
	atomic_long returns;
	int error;
} waits[] = {
#define WAIT(x) { #x, do_##x, 0, 0 }
	WAIT(epoll_wait), WAIT(epoll_pwait), WAIT(epoll_pwait2), WAIT(sigwaitinfo), WAIT(semop), WAIT(semtimedop),
	WAIT(msgrcv), WAIT(futex), WAIT(poll), WAIT(pause), WAIT(sleep), WAIT(read), WAIT(recv), WAIT(inotify),
	WAIT(io_getevents), WAIT(io_uring),
};

static void *wait_for(void *i)
{
	for (;;) {
		waits[(long)i].call();
		waits[(long)i].error = errno;
		waits[(long)i].returns++;
	}
	return 0;
}

int main(void)
{
	size_t n = sizeof(waits) / sizeof(*waits);
	pthread_t t;
	char c;

	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr, 0);
	ep = epoll_create1(0);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	inotify = inotify_init();
	if (syscall(SYS_io_setup, 1, &aio) != 0)
		aio = 0; /* not in every kernel */
	ring = (int)syscall(425, 1, params); /* nor is this */
	if (pipe(pipes) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0)
		return 1;
	for (size_t i = 0; i < n; i++)
		pthread_create(&t, 0, wait_for, (void *)i);
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (size_t i = 0; i < n; i++)
		printf("%s %ld %s\n", waits[i].name, (long)waits[i].returns, waits[i].returns ? strerror(waits[i].error) : "-");
	msgctl(queue, IPC_RMID, 0);
	semctl(semaphore, 0, IPC_RMID);
	return 0;
}
