/* Sockets of every usual family, in one process: what is sent, received, asked
   and set. Prints nothing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static char buf[4096];

static void rights(void)
{
	int pair[2], fds[2] = {0, 1}, on = 1;
	struct iovec iov[2] = {{"hello ", 6}, {"world\n", 6}};
	char control[CMSG_SPACE(sizeof fds) + CMSG_SPACE(sizeof(struct ucred))];
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof fds)};
	struct cmsghdr *c;
	struct ucred cred;
	socklen_t len = sizeof cred;

	memset(control, 0, sizeof control);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	sendmsg(pair[0], &m, MSG_NOSIGNAL);
	struct iovec in = {buf, sizeof buf};
	struct msghdr r = {.msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	recvmsg(pair[1], &r, MSG_CMSG_CLOEXEC);
	recvmsg(pair[1], &r, MSG_DONTWAIT);
	getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &len);
	send(pair[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	recv(pair[1], buf, 10, MSG_PEEK);
	recv(pair[1], buf, 10, MSG_TRUNC);
	shutdown(pair[0], SHUT_WR);
	recvfrom(pair[1], buf, 10, 0, 0, 0);
	close(pair[0]);
	send(pair[1], "x", 1, MSG_NOSIGNAL);
	close(pair[1]);
}

static void unixes(void)
{
	struct sockaddr_un a = {AF_UNIX, "sock"}, b = {AF_UNIX, ""}, from;
	socklen_t len = sizeof from;
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), t = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(b.sun_path, "\0warder-agree", 13);
	bind(s, (void *)&a, sizeof a);
	bind(t, (void *)&b, sizeof(sa_family_t) + 13);
	bind(t, (void *)&b, sizeof(sa_family_t) + 13);
	sendto(t, "dgram\0\1\2", 8, 0, (void *)&a, sizeof a);
	recvfrom(s, buf, sizeof buf, 0, (void *)&from, &len);
	len = sizeof from;
	recvfrom(s, buf, sizeof buf, MSG_DONTWAIT, (void *)&from, &len);
	len = sizeof from;
	getsockname(t, (void *)&from, &len);
	len = sizeof from;
	getpeername(t, (void *)&from, &len);
	connect(t, (void *)&a, sizeof a);
	len = 4;
	getpeername(t, (void *)&from, &len);
	unlink("sock");
	connect(t, (void *)&a, sizeof a);
	close(s);
	close(t);
	s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	connect(s, (void *)&a, 0);
	close(s);
}

static void tcp(int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_storage name;
	struct sockaddr *at = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t size = family == AF_INET ? sizeof four : sizeof six, len = sizeof name;
	int on = 1, got, l = socket(family, SOCK_STREAM, IPPROTO_TCP), c, s;
	struct linger linger = {1, 2};
	struct timeval tv = {3, 4};
	socklen_t glen = sizeof got;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(l, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(l, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(l, SOL_SOCKET, 999, &on, sizeof on);
	bind(l, at, size);
	listen(l, 5);
	getsockname(l, (void *)&name, &len);
	c = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	connect(c, (void *)&name, len);
	len = sizeof name;
	s = accept4(l, (void *)&name, &len, SOCK_CLOEXEC);
	struct pollfd p = {c, POLLIN | POLLOUT, 0};
	poll(&p, 1, 1000);
	getsockopt(c, SOL_SOCKET, SO_ERROR, &got, &glen);
	glen = sizeof got;
	getsockopt(c, SOL_SOCKET, SO_TYPE, &got, &glen);
	glen = sizeof linger;
	getsockopt(l, SOL_SOCKET, SO_LINGER, &linger, &glen);
	glen = sizeof tv;
	getsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, &glen);
	glen = sizeof got;
	getsockopt(c, IPPROTO_TCP, TCP_NODELAY, &got, &glen);
	send(c, "GET / HTTP/1.0\r\n\r\n", 18, MSG_MORE | MSG_NOSIGNAL);
	send(c, "", 0, MSG_NOSIGNAL);
	p.events = POLLOUT;
	poll(&p, 1, 0);
	shutdown(c, SHUT_RDWR);
	while (read(s, buf, sizeof buf) > 0)
		;
	len = sizeof name;
	getpeername(s, (void *)&name, &len);
	close(s);
	close(c);
	close(l);
}

static void udp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, from[2];
	socklen_t len = sizeof a;
	int s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	struct iovec iov[2] = {{"one", 3}, {"two", 3}}, in[2] = {{buf, 10}, {buf + 10, 10}};
	struct mmsghdr out[2] = {{{.msg_iov = &iov[0], .msg_iovlen = 1}, 0}, {{.msg_iov = &iov[1], .msg_iovlen = 1}, 0}};
	struct mmsghdr got[2] = {{{.msg_iov = &in[0], .msg_iovlen = 1, .msg_name = &from[0], .msg_namelen = sizeof from[0]}, 0},
				 {{.msg_iov = &in[1], .msg_iovlen = 1}, 0}};
	struct timespec ts = {1, 500};

	bind(s, (void *)&a, sizeof a);
	getsockname(s, (void *)&a, &len);
	connect(s, (void *)&a, sizeof a);
	sendmmsg(s, out, 2, 0);
	recvmmsg(s, got, 2, MSG_WAITFORONE, &ts);
	struct ip_mreqn mreq = {{htonl(0xe0000001)}, {0}, 0};
	setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq);
	struct ifreq ifr = {.ifr_name = "lo"};
	ioctl(s, SIOCGIFINDEX, &ifr);
	ioctl(s, SIOCGIFFLAGS, &ifr);
	ioctl(s, FIONREAD, &len);
	a = (struct sockaddr_in){.sin_family = AF_UNSPEC};
	connect(s, (void *)&a, sizeof a);
	close(s);
}

static void netlink(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof a;
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	bind(s, (void *)&a, sizeof a);
	getsockname(s, (void *)&a, &len);
	close(s);
}

int main(void)
{
	rights();
	unixes();
	alarm(10);
	udp();
	netlink();
	socket(AF_INET, SOCK_RAW, 255);
	socket(77, 5, 0);

	tcp(AF_INET);
	tcp(AF_INET6);
	return 0;
}
