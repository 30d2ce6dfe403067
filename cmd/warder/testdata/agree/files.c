/* Files: every call that makes, opens, looks at, changes, maps or removes one.
   Prints nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/fs.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>
#include <utime.h>

static char buf[8192];

static void paths(void)
{
	struct stat st;
	struct statx sx;
	struct timespec ts[2] = {{1000000000, 5}, {0, UTIME_OMIT}}, now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct timeval tv[2] = {{1000000000, 0}, {1000000001, 7}};
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	struct utimbuf ut = {1000000000, 1000000000};
	int d, dirfd;

	umask(022);
	syscall(SYS_mkdir, "d", 0755);
	mkdirat(AT_FDCWD, "d/e", 0700);
	d = dirfd = open("d", O_RDONLY | O_DIRECTORY | O_PATH);
	close(openat(d, "f", O_CREAT | O_EXCL | O_RDWR | O_TRUNC, 0640));
	openat(d, "f", O_CREAT | O_EXCL | O_WRONLY, 0640);
	close(creat("quo\"te\n\t\x01\xff", 0600));
	unlink("quo\"te\n\t\x01\xff");
	close(syscall(SYS_openat2, d, "f", &how, sizeof how));
	link("d/f", "hard");
	linkat(d, "f", AT_FDCWD, "hard2", AT_SYMLINK_FOLLOW);
	symlink("d/f", "soft");
	symlinkat("target/that/is/nowhere", d, "soft");
	readlink("soft", buf, sizeof buf);
	readlinkat(d, "soft", buf, 5);
	readlink("d", buf, 5);
	syscall(SYS_stat, "d/f", &st);
	syscall(SYS_lstat, "soft", &st);
	syscall(SYS_stat, "none", &st);
	fstatat(d, "soft", &st, AT_SYMLINK_NOFOLLOW);
	statx(d, "f", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &sx);
	stat("/dev/null", &st);
	access("d/f", R_OK | W_OK);
	access("none", F_OK);
	faccessat(d, "f", X_OK, AT_EACCESS);
	chmod("d/f", 04755);
	fchmodat(d, "f", 0644, 0);
	chown("d/f", -1, 0);
	lchown("soft", 0, -1);
	fchownat(d, "f", 0, 0, AT_SYMLINK_NOFOLLOW);
	rename("hard", "hard1");
	renameat(AT_FDCWD, "hard1", d, "g");
	renameat2(d, "g", d, "f", RENAME_EXCHANGE);
	renameat2(d, "g", d, "f", RENAME_NOREPLACE);
	mknod("fifo", S_IFIFO | 0600, 0);
	mknodat(d, "null", S_IFCHR | 0666, makedev(1, 3));
	utimensat(d, "f", ts, 0);
	utimensat(d, "f", now, 0);
	utimensat(d, "f", 0, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_utimes, "d/f", tv);
	syscall(SYS_utime, "d/f", &ut);
	truncate("d/f", 1234567);
	setxattr("d/f", "user.name", "value", 5, XATTR_CREATE);
	getxattr("d/f", "user.name", buf, sizeof buf);
	listxattr("d/f", buf, sizeof buf);
	removexattr("d/f", "user.none");
	getcwd(buf, sizeof buf);
	getcwd(buf, 1);
	chdir("d");
	fchdir(d);
	chdir("..");
	struct statfs fs;
	statfs("/proc", &fs);
	statfs("none", &fs);
	unlinkat(d, "e", AT_REMOVEDIR);
	unlinkat(d, "f", 0);
	rmdir("d");
	syscall(SYS_name_to_handle_at, AT_FDCWD, "soft", 0, 0, 0);
	close(dirfd);
	char *deep = malloc(5000);
	memset(deep, 'x', 4999);
	deep[4999] = 0;
	open(deep, O_RDONLY);
	open((char *)1, O_RDONLY);
	open("", O_RDONLY | 0x40000000);
}

static void contents(void)
{
	struct iovec iov[3] = {{"one ", 4}, {"two ", 4}, {"three and much more than thirty-two bytes\n", 42}};
	struct iovec in[2] = {{buf, 6}, {buf + 6, 100}};
	int fd = open("data", O_CREAT | O_RDWR | O_APPEND, 0666), other = open("other", O_CREAT | O_RDWR, 0666), p[2];
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10};
	off_t off = 3;
	loff_t loff = 0;
	struct stat st;

	writev(fd, iov, 3);
	pwrite(other, "\0\1\2\3abc\177\200", 9, 4096);
	lseek(fd, 0, SEEK_SET);
	lseek(fd, -5, SEEK_END);
	lseek(other, 0, SEEK_DATA);
	lseek(fd, -500, SEEK_SET);
	readv(fd, in, 2);
	pread(fd, buf, 10, 2);
	preadv(fd, in, 2, 1);
	preadv2(fd, in, 2, -1, RWF_NOWAIT);
	pwritev2(other, iov, 2, 7, RWF_DSYNC);
	read(99, buf, 10);
	read(fd, (void *)1, 10);
	write(1, 0, 0);
	fstat(fd, &st);
	ftruncate(other, 100);
	fallocate(other, FALLOC_FL_KEEP_SIZE, 0, 8192);
	sendfile(other, fd, &off, 10);
	copy_file_range(fd, &loff, other, 0, 8, 0);
	pipe(p);
	splice(fd, &loff, p[1], 0, 5, SPLICE_F_MOVE);
	vmsplice(p[1], iov, 1, SPLICE_F_GIFT);
	ioctl(p[0], FIONREAD, &p[0] + 0 ? (int *)buf : 0);
	fsync(fd);
	fdatasync(fd);
	sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE);
	posix_fadvise(fd, 0, 100, POSIX_FADV_WILLNEED);
	readahead(fd, 0, 10);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETLK, &fl);
	fcntl(fd, F_GETLK, &fl);
	fcntl(fd, F_OFD_SETLK, &fl);
	fcntl(fd, F_DUPFD, 20);
	fcntl(fd, F_DUPFD_CLOEXEC, 30);
	fcntl(fd, F_GETPIPE_SZ);
	fcntl(fd, F_SETLEASE, F_RDLCK);
	fcntl(fd, F_GETLEASE);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETSIG, 10);
	fcntl(fd, F_NOTIFY, DN_MODIFY);
	fcntl(fd, 4242, 1);
	flock(fd, LOCK_EX | LOCK_NB);
	flock(fd, LOCK_UN);
	dup(fd);
	dup2(fd, 50);
	dup3(fd, 51, O_CLOEXEC);
	fgetxattr(fd, "user.none", buf, 10);
	fchmod(fd, 0600);
	fchown(fd, 0, 0);
	int m = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fcntl(m, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	fcntl(m, F_GET_SEALS);
	futimens(m, 0);
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	while (syscall(SYS_getdents64, dir, buf, sizeof buf) > 0)
		;
	close_range(60, 70, CLOSE_RANGE_CLOEXEC);
	syncfs(fd);
	struct statfs fs;
	fstatfs(m, &fs);
}

static void maps(void)
{
	char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), *q;
	unsigned char vec[16];

	mprotect(p, 4096, PROT_NONE);
	madvise(p, 65536, MADV_DONTNEED);
	madvise(p, 65536, MADV_HUGEPAGE);
	mincore(p, 16384, vec);
	mlock(p + 8192, 4096);
	mlock2(p + 8192, 4096, MLOCK_ONFAULT);
	munlock(p + 8192, 4096);
	mlockall(MCL_FUTURE);
	munlockall();
	msync(p, 4096, MS_SYNC);
	q = mremap(p, 65536, 131072, MREMAP_MAYMOVE);
	mremap(q, 131072, 65536, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	munmap(q, 131072);
	mmap(0, 0, PROT_READ, MAP_SHARED | MAP_HUGETLB | MAP_ANONYMOUS, -1, 0);
	mmap(0, 4096, PROT_EXEC, MAP_SHARED_VALIDATE | MAP_SYNC, 99, 4096);
	munmap((void *)1, 1);
	brk(0);
}

static void terminals(void)
{
	int master, slave;
	struct winsize ws = {24, 80, 0, 0};
	struct termios t;
	int one = 1;
	pid_t pgrp;

	ioctl(0, TCGETS, &t);
	if (openpty(&master, &slave, 0, 0, &ws) != 0)
		return;
	tcgetattr(slave, &t);
	t.c_lflag &= ~(ECHO | ICANON);
	tcsetattr(slave, TCSANOW, &t);
	ioctl(slave, TIOCGWINSZ, &ws);
	ioctl(slave, TIOCSWINSZ, &ws);
	ioctl(slave, TIOCGPGRP, &pgrp);
	ioctl(master, FIONBIO, &one);
	ioctl(master, FIOCLEX);
	ioctl(slave, TCFLSH, TCIOFLUSH);
	ioctl(master, 0x12345678, 1);
	ioctl(master, FS_IOC_GETFLAGS, &one);
	isatty(slave);
	write(master, "typed\n", 6);
	read(slave, buf, 100);
}

int main(void)
{
	paths();
	contents();
	maps();
	terminals();
	return 0;
}
