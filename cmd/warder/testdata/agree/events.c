/* What a program waits for: descriptors, timers, signals and files, by every
   call that waits. Prints nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	char buf[4096];
	uint64_t n = 5;
	int p[2], ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK), sem = eventfd(1, EFD_SEMAPHORE);
	int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), in = inotify_init1(IN_NONBLOCK), sfd;
	struct epoll_event e = {EPOLLIN | EPOLLET, {.u64 = 0x1122334455667788}}, got[4];
	struct itimerspec it = {{0, 0}, {0, 1000}}, old;
	struct timespec ts = {0, 1000000};
	struct timeval tv = {0, 1000};
	struct signalfd_siginfo info;
	sigset_t set;
	fd_set r, w;

	pipe2(p, O_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
	e.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
	e.data.fd = p[0];
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
	epoll_wait(ep, got, 4, 0);
	write(p[1], "a", 1);
	epoll_pwait(ep, got, 4, 100, 0);
	epoll_wait(ep, got, 4, 1);
	epoll_pwait2(ep, got, 4, &ts, 0);
	epoll_ctl(ep, EPOLL_CTL_DEL, ev, 0);
	read(ev, &n, 8);
	read(ev, &n, 8);
	write(ev, &n, 8);
	read(sem, &n, 8);

	timerfd_settime(tfd, 0, &it, &old);
	struct pollfd fds[3] = {{tfd, POLLIN, 0}, {p[0], POLLIN | POLLPRI, 0}, {-1, POLLOUT, 0}};
	poll(fds, 1, 1000);
	read(tfd, &n, 8);
	timerfd_gettime(tfd, &old);
	poll(fds, 3, 0);
	read(p[0], buf, sizeof buf);
	poll(fds, 2, 1);
	ppoll(fds, 2, &ts, 0);
	fds[0].fd = 99;
	poll(fds, 1, 0);
	poll(0, 0, 1);

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	select(p[1] + 1, &r, &w, 0, &tv);
	FD_SET(p[0], &r);
	select(p[1] + 1, &r, 0, 0, &tv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	FD_ZERO(&r);
	pselect(p[1] + 1, &r, 0, 0, &ts, &set);
	FD_SET(98, &r);
	select(99, &r, 0, 0, &tv);

	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, 0);
	sfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	kill(getpid(), SIGUSR1);
	read(sfd, &info, sizeof info);
	read(sfd, &info, sizeof info);
	raise(SIGUSR1);
	sigtimedwait(&set, 0, &ts);
	sigtimedwait(&set, 0, &ts);

	int wd = inotify_add_watch(in, ".", IN_CREATE | IN_DELETE | IN_CLOSE_WRITE);
	close(open("made", O_CREAT | O_WRONLY, 0640));
	unlink("made");
	read(in, buf, sizeof buf);
	read(in, buf, sizeof buf);
	inotify_rm_watch(in, wd);
	inotify_add_watch(in, "none", IN_ALL_EVENTS | IN_ONLYDIR);

	fcntl(p[0], F_SETFL, O_NONBLOCK);
	fcntl(p[0], F_SETPIPE_SZ, 65536);
	read(p[0], buf, 1);
	nanosleep(&ts, &ts);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, 0);
	ts.tv_nsec = 1000000000;
	nanosleep(&ts, 0);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	write(p[1], "x", 1);
	return 0;
}
