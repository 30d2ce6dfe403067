/*
 * Tries one way out of the root directory that it is given at its entry point:
 * argv[1] says which, argv[2] is a file outside that everybody may read, and
 * argv[3] a directory outside in which everybody may make files. Prints
 * "escaped" where the file could be read, "held" and why where not. What is
 * done before the entry point is done in .preinit_array, which the loader
 * calls; a static program calls it too late for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int kept = -1, ready, begun, sock[2];
static const char *secret;
static char stacks[8][65536] __attribute__((aligned(16)));

/* The secret below a directory that should be the host's root. */
static int below(int dir)
{
	return openat(dir, secret + 1, O_RDONLY);
}

static int dots(void)
{
	for (int i = 0; i < 64; i++)
		if (chdir("..") != 0)
			return -1;
	return below(AT_FDCWD);
}

static int verdict(int fd)
{
	char c;

	if (fd >= 0 && read(fd, &c, 1) == 1)
		puts("escaped");
	else
		printf("held %s\n", strerrorname_np(errno));
	fflush(stdout);
	return 0;
}

/* A thread with descriptors of its own keeps a directory. */
__attribute__((noreturn)) static int hoard(void *arg)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)arg;
	ready = 1;
	while (!begun)
		sched_yield();
	kept = below(fd);
	if (kept >= 0) {
		char c;
		ready = syscall(SYS_read, kept, &c, 1) == 1 ? 2 : 3;
	} else
		ready = 3;
	for (;;)
		syscall(SYS_pause);
}

/* Threads that are within open(2) or chdir(2) when the root moves. */
static char slow[PATH_MAX];

__attribute__((noreturn)) static int race(void *arg)
{
	int change = arg != 0;

	for (;;) {
		struct stat root, st;
		int fd;

		if (change) {
			syscall(SYS_chdir, slow);
			ready = 1;
			continue;
		}
		fd = (int)syscall(SYS_openat, AT_FDCWD, slow, O_RDONLY | O_DIRECTORY, 0);
		ready = 1;
		if (begun && fd >= 0 && stat("/", &root) == 0 && fstat(fd, &st) == 0 && (st.st_ino != root.st_ino || st.st_dev != root.st_dev))
			kept = fd;
		else
			syscall(SYS_close, fd);
		if (fd < 0 && begun)
			for (;;)
				syscall(SYS_pause);
	}
}

/* A path that leads to the root by as many steps as the kernel takes. */
static void slowPath(const char *dir)
{
	char to[PATH_MAX], name[PATH_MAX];

	for (int i = 0; i < 38; i++) {
		int n = 0;
		while (n < 3900) {
			to[n++] = '/';
			to[n++] = '.';
		}
		if (i == 0)
			to[n] = 0;
		else
			snprintf(to + n, sizeof(to) - (size_t)n, "%s/l%d", dir, i - 1);
		snprintf(name, sizeof(name), "%s/l%d", dir, i);
		if (symlink(to, name) != 0 && errno != EEXIST)
			_exit(3);
	}
	snprintf(slow, sizeof(slow), "%s/l37", dir);
}

static void thread(int (*f)(void *), int i, int flags, void *arg)
{
	if (clone(f, stacks[i] + sizeof(stacks[i]), CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | flags, arg) < 0)
		_exit(3);
}

static void pass(int fd)
{
	struct iovec iov = { "x", 1 };
	union { char b[CMSG_SPACE(sizeof(int))]; struct cmsghdr h; } u = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.b, .msg_controllen = sizeof(u.b) };

	memcpy(CMSG_DATA(&u.h), &fd, sizeof(fd));
	if (sendmsg(sock[0], &m, 0) < 0)
		_exit(3);
	close(fd);
}

static int receive(int from)
{
	char c;
	int fd = -1;
	struct iovec iov = { &c, 1 };
	union { char b[CMSG_SPACE(sizeof(int))]; struct cmsghdr h; } u;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.b, .msg_controllen = sizeof(u.b) };

	if (recvmsg(from, &m, 0) > 0 && m.msg_controllen >= CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(&u.h), sizeof(fd));
	return fd;
}

static void before(int argc, char **argv, char **envp)
{
	const char *how = argc > 3 ? argv[1] : "";
	int pair[2];

	(void)envp;
	if (argc < 4)
		return;
	secret = argv[2];
	if (!strcmp(how, "keep"))
		kept = open("/", O_RDONLY | O_DIRECTORY);
	if (!strcmp(how, "keep-path"))
		kept = open("/", O_PATH | O_CLOEXEC);
	if (!strcmp(how, "unshare-fs") && unshare(CLONE_FS) != 0)
		_exit(3);
	if (!strcmp(how, "newuser") && unshare(CLONE_NEWUSER) != 0)
		_exit(3);
	if (!strcmp(how, "fork") || !strcmp(how, "fork-share")) {
		/* With shared filesystem state only the descriptor is its own. */
		long flags = !strcmp(how, "fork") ? SIGCHLD : CLONE_FS | SIGCHLD;
		if (pipe(pair) != 0)
			_exit(3);
		if (syscall(SYS_clone, flags, 0, 0, 0, 0) == 0) {
			int fd = flags & CLONE_FS ? open("/", O_RDONLY | O_DIRECTORY) : AT_FDCWD;
			char c;
			close(pair[1]);
			if (flags & CLONE_FS)
				sched_yield();
			(void)!read(pair[0], &c, 1); /* the parent is in main */
			_exit(verdict(fd == AT_FDCWD ? open(secret, O_RDONLY) : below(fd)));
		}
		kept = pair[1];
		usleep(20000); /* the child has its descriptor */
	}
	if (!strcmp(how, "thread-files"))
		thread(hoard, 0, 0, 0);
	if (!strcmp(how, "thread-fs")) {
		if (clone(hoard, stacks[0] + sizeof(stacks[0]), CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0) < 0)
			_exit(3);
	}
	if (!strncmp(how, "thread-", 7))
		while (!ready)
			sched_yield();
	if (!strcmp(how, "in-flight")) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, (int *)sock) != 0)
			_exit(3);
		pass(open("/", O_RDONLY | O_DIRECTORY));
	}
	if (!strcmp(how, "breakpoint")) {
		/* The entry point's breakpoint goes, and with it the supervisor's stop. */
		char *entry = (char *)getauxval(AT_ENTRY), *page = (char *)((unsigned long)entry & ~4095ul);
		unsigned long at;
		int exe = open("/proc/self/exe", O_RDONLY);
		if (pread(exe, &at, 8, 24) != 8 || mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 || pread(exe, entry, 1, (off_t)at) != 1)
			_exit(3);
		close(exe);
	}
	if (!strncmp(how, "race-", 5)) {
		slowPath(argv[3]);
		for (int i = 0; i < 2; i++)
			thread(race, i, CLONE_FILES, !strcmp(how, "race-chdir") ? stacks : 0);
		while (!ready)
			sched_yield();
	}
}

__attribute__((section(".preinit_array"), used)) static void (*const hook)(int, char **, char **) = before;

int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[1] : "";
	char path[PATH_MAX];
	int fd = -1;

	if (argc < 4)
		return 2;
	begun = 1;
	if (!strcmp(how, "open"))
		fd = open(secret, O_RDONLY);
	else if (!strcmp(how, "dots"))
		fd = dots();
	else if (!strcmp(how, "dots-path")) {
		snprintf(path, sizeof(path), "../../../../../../../../../../../..%s", secret);
		fd = open(path, O_RDONLY);
	} else if (!strcmp(how, "chroot")) {
		/* The second chroot leaves the working directory above the root. */
		mkdir("warder-inner", 0777);
		int r = chroot("warder-inner") == 0 || chroot(argv[3]) == 0 || chroot(".") == 0;
		int e = errno;
		rmdir("warder-inner");
		fd = r ? dots() : -1;
		if (!r)
			errno = e;
	} else if (!strcmp(how, "proc-self")) {
		snprintf(path, sizeof(path), "/proc/self/root%s", secret);
		fd = open(path, O_RDONLY);
	} else if (!strcmp(how, "proc-cwd")) {
		snprintf(path, sizeof(path), "/proc/%d/cwd/../../../../../../../..%s", getppid(), secret);
		fd = open(path, O_RDONLY);
		if (fd < 0) {
			snprintf(path, sizeof(path), "/proc/%d/cwd/../../../../../../../..%s", getpid(), secret);
			fd = open(path, O_RDONLY);
		}
	} else if (!strcmp(how, "newuser-late"))
		fd = unshare(CLONE_NEWUSER) == 0 ? open(secret, O_RDONLY) : -1;
	else if (!strcmp(how, "make")) {
		/* Any of them is a foothold; they are removed where they could be made. */
		int made = mkdir("/warder-made", 0777) == 0 ? 1 : 0;
		rmdir("/warder-made");
		made |= open("warder-made", O_CREAT | O_RDWR, 0666) >= 0 ? 2 : 0;
		unlink("warder-made");
		made |= symlink("/", "warder-made") == 0 ? 4 : 0;
		unlink("warder-made");
		made |= mknod("warder-made", S_IFIFO | 0666, 0) == 0 ? 8 : 0;
		unlink("warder-made");
		made |= open(".", O_TMPFILE | O_RDWR, 0666) >= 0 ? 16 : 0;
		printf("%s\n", made ? "escaped" : "held nothing can be made");
		return 0;
	} else if (!strcmp(how, "stub")) {
		int pid = (int)syscall(SYS_pidfd_open, getppid(), 0);
		for (int i = 0; fd < 0 && i < 32; i++) {
			int dir = (int)syscall(SYS_pidfd_getfd, pid, i, 0);
			fd = dir >= 0 ? below(dir) : -1;
		}
		if (fd < 0)
			fd = open(secret, O_RDONLY); /* without a wall the parent need not be a stub */
	} else if (!strcmp(how, "stdin"))
		fd = below(0);
	else if (!strcmp(how, "stdin-passed")) {
		int dir = receive(0);
		fd = dir >= 0 ? below(dir) : -1;
	} else if (!strcmp(how, "keep") || !strcmp(how, "keep-path"))
		fd = fchdir(kept) == 0 ? dots() : -1;
	else if (!strcmp(how, "unshare-fs") || !strcmp(how, "newuser") || !strcmp(how, "breakpoint"))
		fd = open(secret, O_RDONLY);
	else if (!strcmp(how, "fork") || !strcmp(how, "fork-share")) {
		close(kept);
		return wait(0) > 0 ? 0 : 1;
	} else if (!strncmp(how, "thread-", 7)) {
		while (ready == 1)
			sched_yield();
		puts(ready == 2 ? "escaped" : "held");
		return 0;
	} else if (!strcmp(how, "in-flight"))
		fd = below(receive(sock[1]));
	else if (!strcmp(how, "race-open")) {
		for (int i = 0; i < 200 && kept < 0; i++)
			usleep(1000);
		fd = kept >= 0 ? below(kept) : open(secret, O_RDONLY);
	} else if (!strcmp(how, "race-chdir"))
		for (int i = 0; i < 200 && fd < 0; i++) {
			usleep(1000);
			fd = below(AT_FDCWD);
		}
	else
		return 2;
	return verdict(fd);
}
