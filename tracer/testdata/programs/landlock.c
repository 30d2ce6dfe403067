/*
 * build: -static
 * Does what its arguments say, one after the other, and prints for each how it
 * went: "mkdir /x/y: ok", or the error's name. An operation's arguments follow
 * it: paths, ports on 127.0.0.1, the name of an abstract socket, a process id.
 * exec comes last: the file is executed in its place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int opened(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* What a file holds counts as read, not that it opens. */
static int do_read(char **a)
{
	char text[64];
	int fd = open(a[0], O_RDONLY);
	int n = fd < 0 ? -1 : (int)read(fd, text, sizeof(text));

	opened(fd);
	return n < 0 ? -1 : 0;
}

static int do_write(char **a)
{
	int fd = open(a[0], O_WRONLY);
	int n = fd < 0 ? -1 : (int)pwrite(fd, "written", 7, 0);

	opened(fd);
	return n < 0 ? -1 : 0;
}

static int do_rdwr(char **a) { return opened(open(a[0], O_RDWR)); }
static int do_append(char **a) { return opened(open(a[0], O_WRONLY | O_APPEND)); }
static int do_otrunc(char **a) { return opened(open(a[0], O_WRONLY | O_TRUNC)); }
static int do_truncate(char **a) { return truncate(a[0], 3); }
static int do_list(char **a) { return opened(open(a[0], O_RDONLY | O_DIRECTORY)); }
static int do_create(char **a) { return opened(open(a[0], O_WRONLY | O_CREAT | O_EXCL, 0666)); }
static int do_tmpfile(char **a) { return opened(open(a[0], O_RDWR | O_TMPFILE, 0666)); }
static int do_mkdir(char **a) { return mkdir(a[0], 0777); }
static int do_rmdir(char **a) { return rmdir(a[0]); }
static int do_unlink(char **a) { return unlink(a[0]); }
static int do_mkfifo(char **a) { return mkfifo(a[0], 0666); }
static int do_rename(char **a) { return rename(a[0], a[1]); }
static int do_exchange(char **a) { return renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE); }
static int do_link(char **a) { return link(a[0], a[1]); }
static int do_symlink(char **a) { return symlink(a[0], a[1]); }
static int do_signal(char **a) { return kill(atoi(a[0]), SIGUSR1); }

/* A device answers an ioctl that it does not know; Landlock does not ask it. */
static int do_ioctl(char **a)
{
	int fd = open(a[0], O_RDONLY), n = 0;
	int r = fd < 0 ? -1 : ioctl(fd, TIOCOUTQ, &n);
	int e = errno;

	opened(fd);
	errno = e;
	return r;
}

static int do_exec(char **a)
{
	char *argv[] = { a[0], 0 };

	fflush(stdout);
	return execve(a[0], argv, environ);
}

static struct sockaddr_in local(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

static int with_socket(int domain, int type, int protocol, const struct sockaddr *to, socklen_t size, char how)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol), r = -1, e;

	if (fd < 0)
		return -1;
	switch (how) {
	case 'b':
		r = bind(fd, to, size);
		break;
	case 'c':
		r = connect(fd, to, size);
		break;
	case 'f':
		r = sendto(fd, "x", 1, MSG_FASTOPEN, to, size) < 0 ? -1 : 0;
		break;
	case 's':
		r = sendto(fd, "x", 1, 0, to, size) < 0 ? -1 : 0;
		break;
	}
	e = errno;
	close(fd);
	errno = e;
	return r;
}

static int tcp(const char *port, int protocol, char how)
{
	struct sockaddr_in to = local(port);

	return with_socket(AF_INET, SOCK_STREAM, protocol, (struct sockaddr *)&to, sizeof(to), how);
}

static int do_connect(char **a) { return tcp(a[0], 0, 'c'); }
static int do_bind(char **a) { return tcp(a[0], 0, 'b'); }
static int do_fastopen(char **a) { return tcp(a[0], 0, 'f'); }
static int do_multipath(char **a) { return tcp(a[0], IPPROTO_MPTCP, 'c'); }

static int unixes(const char *name, int abstract, int type, char how)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	strncpy(to.sun_path + abstract, name, sizeof(to.sun_path) - 2);
	return with_socket(AF_UNIX, type, 0, (struct sockaddr *)&to,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name)), how);
}

static int do_abstract(char **a) { return unixes(a[0], 1, SOCK_STREAM, 'c'); }
static int do_datagram(char **a) { return unixes(a[0], 1, SOCK_DGRAM, 's'); }
static int do_mksock(char **a) { return unixes(a[0], 0, SOCK_STREAM, 'b'); }

static const struct {
	const char *name;
	int args;
	int (*run)(char **);
} ops[] = {
	{ "read", 1, do_read }, { "write", 1, do_write }, { "rdwr", 1, do_rdwr }, { "append", 1, do_append },
	{ "otrunc", 1, do_otrunc }, { "truncate", 1, do_truncate }, { "list", 1, do_list }, { "create", 1, do_create },
	{ "tmpfile", 1, do_tmpfile }, { "mkdir", 1, do_mkdir }, { "rmdir", 1, do_rmdir }, { "unlink", 1, do_unlink },
	{ "mkfifo", 1, do_mkfifo }, { "mksock", 1, do_mksock }, { "rename", 2, do_rename }, { "exchange", 2, do_exchange },
	{ "link", 2, do_link }, { "symlink", 2, do_symlink }, { "ioctl", 1, do_ioctl }, { "exec", 1, do_exec },
	{ "connect", 1, do_connect }, { "bind", 1, do_bind }, { "fastopen", 1, do_fastopen }, { "multipath", 1, do_multipath },
	{ "abstract", 1, do_abstract }, { "datagram", 1, do_datagram }, { "signal", 1, do_signal },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		size_t k = 0;

		while (k < sizeof(ops) / sizeof(ops[0]) && strcmp(ops[k].name, argv[i]) != 0)
			k++;
		if (k == sizeof(ops) / sizeof(ops[0]) || i + ops[k].args >= argc) {
			printf("%s: no such operation\n", argv[i]);
			return 2;
		}
		int r = ops[k].run(argv + i + 1);
		const char *how = r < 0 ? strerrorname_np(errno) : "ok";

		printf("%s", argv[i]);
		for (int j = 1; j <= ops[k].args; j++)
			printf(" %s", argv[i + j]);
		printf(": %s\n", how);
		i += 1 + ops[k].args;
	}
	return 0;
}
