package decode_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"warder/abi"
	"warder/decode"
)

// record is a structure: numbers of 1 to 8 bytes at their offsets.
type field struct {
	at, size int
	v        uint64
}

func record(size int, fields ...field) []byte {
	p := make([]byte, size)
	for _, f := range fields {
		word := binary.LittleEndian.AppendUint64(nil, f.v)
		copy(p[f.at:f.at+f.size], word)
	}
	return p
}

func withString(addr uint64, s string) func(*image) []uint64 {
	return func(m *image) []uint64 { return []uint64{m.str(s), addr} }
}

// TestFilledFiles are lines of strace 6.1 about files.
func TestFilledFiles(t *testing.T) {
	file := record(144, field{24, 4, 0o100644}, field{48, 8, 1221})
	device := record(144, field{24, 4, 0o20666}, field{40, 8, 0x103})
	sticky := record(144, field{24, 4, 0o41777}, field{48, 8, 4096})
	statx := record(256, field{0, 4, 0x17ff}, field{28, 2, 0o100644}, field{40, 8, 1221})
	// Two entries of a directory: lengths behind inode and offset.
	entries := record(56, field{16, 2, 24}, field{24 + 16, 2, 32})
	run(t, []traced{
		{want: `fstat(3, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0`, name: "fstat", args: at(3, here), fill: filled(file)},
		{want: `fstat(99, 0x555555559060) = -1 EBADF (Bad file descriptor)`, name: "fstat", args: at(99, here), fill: filled(file), errno: 9},
		{want: `fstat(3, 0x1) = -1 EFAULT (Bad address)`, name: "fstat", args: at(3, 1), errno: 14},
		{want: `stat("/dev/null", {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0`, name: "stat", args: withString(here, "/dev/null"), fill: filled(device)},
		{want: `lstat("/tmp", {st_mode=S_IFDIR|S_ISVTX|0777, st_size=4096, ...}) = 0`, name: "lstat", args: withString(here, "/tmp"), fill: filled(sticky)},
		{want: `statx(3, NULL, AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, {stx_mask=STATX_BASIC_STATS|STATX_MNT_ID, stx_attributes=0, stx_mode=S_IFREG|0644, stx_size=1221, ...}) = 0`, name: "statx", args: at(3, 0, 0, 0x7ff, here), fill: filled(statx)},
		{
			want: `fstatfs(3, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096, f_blocks=66053021, f_bfree=60399077, f_bavail=18221372, f_files=16777216, f_ffree=16251325, f_fsid={val=[0x39acb148, 0xbf60abc1]}, f_namelen=255, f_frsize=4096, f_flags=ST_VALID|ST_RELATIME}) = 0`, name: "fstatfs", args: at(3, here),
			fill: filledWords(0xef53, 4096, 66053021, 60399077, 18221372, 16777216, 16251325, 0xbf60abc139acb148, 255, 4096, 0x1020, 0, 0, 0, 0),
		},
		{want: `read(3, "root:x:0:0:root:/root:/bin/bash\n"..., 50) = 50`, name: "read", args: at(3, here, 50), fill: filled([]byte("root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:dae")), value: 50},
		{want: `read(3, "root", 10) = 4`, name: "read", args: at(3, here, 10), fill: filled([]byte("root:x:0:0")), value: 4},
		{want: `read(3, "", 10) = 0`, name: "read", args: at(3, here, 10), fill: filled([]byte("root:x:0:0"))},
		{want: `read(6, 0x555555559060, 5) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)`, name: "read", args: at(6, here, 5), errno: 512},
		{want: `pread64(3, "t:x:0", 5, 3) = 5`, name: "pread64", args: at(3, here, 5, 3), fill: filled([]byte("t:x:0")), value: 5},
		{want: `readlink("/proc/self/exe", "/tmp/or/t1", 100) = 10`, name: "readlink", args: func(m *image) []uint64 { return []uint64{m.str("/proc/self/exe"), here, 100} }, fill: filled([]byte("/tmp/or/t1")), value: 10},
		{want: `getcwd("/tmp/or", 100) = 8`, name: "getcwd", args: at(here, 100), fill: filled([]byte("/tmp/or\x00")), value: 8},
		{want: `getcwd(0x555555559060, 1) = -1 ERANGE (Numerical result out of range)`, name: "getcwd", args: at(here, 1), errno: 34},
		{want: `getdents64(8, 0x555555559060 /* 2 entries */, 32768) = 56`, name: "getdents64", args: at(8, here, 32768), fill: filled(entries), value: 56},
		{want: `getdents64(8, 0x555555559060 /* 0 entries */, 32768) = 0`, name: "getdents64", args: at(8, here, 32768)},
		{want: `pipe2([3, 4], O_NONBLOCK|O_CLOEXEC) = 0`, name: "pipe2", args: at(here, 0x80800), fill: filledInts(3, 4)},
		{want: `getrandom("\xa1\xa5\x4f\xba", 4, GRND_NONBLOCK) = 4`, name: "getrandom", args: at(here, 4, 1), fill: filled([]byte("\xa1\xa5\x4f\xba")), value: 4},
		{want: `fgetxattr(3, "user.x", "val\0ue", 100) = 6`, name: "fgetxattr", args: func(m *image) []uint64 { return []uint64{3, m.str("user.x"), here, 100} }, fill: filled([]byte("val\x00ue")), value: 6},
		{want: `flistxattr(12, 0x555555559060, 0) = 7`, name: "flistxattr", args: at(12, here, 0), fill: filled([]byte("user.x\x00")), value: 7},
		{want: `sendfile(7, 3, [3] => [13], 10) = 10`, name: "sendfile", args: func(m *image) []uint64 { m.write(here, bytes64(3)); return []uint64{7, 3, here, 10} }, fill: filledWords(13), value: 10},
		{want: `sendfile(99, 3, [13], 10) = -1 EBADF (Bad file descriptor)`, name: "sendfile", args: func(m *image) []uint64 { m.write(here, bytes64(13)); return []uint64{99, 3, here, 10} }, errno: 9},
		{want: `copy_file_range(3, [0], 12, NULL, 10, 0) = 10`, name: "copy_file_range", args: func(m *image) []uint64 { return []uint64{3, m.words(0), 12, 0, 10, 0} }, value: 10},
		{want: `fcntl(12, F_GETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=1, l_len=2, l_pid=0}) = 0`, name: "fcntl", args: at(12, 5, here), fill: filledWords(2, 1, 2, 0)},
		{want: `fcntl(13, F_GETOWN_EX, {type=F_OWNER_TID, pid=0}) = 0`, name: "fcntl", args: at(13, 16, here), fill: filledWords(0)},
		{
			want: `utimensat(12, NULL, [UTIME_OMIT, {tv_sec=1700000000, tv_nsec=123} /* 2023-11-14T22:13:20.000000123+0000 */], 0) = 0`, name: "utimensat",
			args: func(m *image) []uint64 { return []uint64{12, 0, m.words(0, 1<<30-2, 1700000000, 123), 0} },
		},
		{
			want: `utimes(NULL, [{tv_sec=1, tv_usec=2} /* 1970-01-01T00:00:01.000002+0000 */, {tv_sec=0, tv_usec=0}]) = 0`, name: "utimes",
			args: func(m *image) []uint64 { return []uint64{0, m.words(1, 2, 0, 0)} },
		},
		{want: `readv(3, [{iov_base="n:/", iov_len=3}, {iov_base="us", iov_len=5}, {iov_base="", iov_len=9}], 3) = 5`, name: "readv", args: func(m *image) []uint64 { return []uint64{3, m.words(here, 3, here+3, 5, here, 9), 3} }, fill: filled([]byte("n:/usr/sbin")), value: 5},
		{want: `readv(99, [{iov_base=0x555555559060, iov_len=3}], 1) = -1 EBADF (Bad file descriptor)`, name: "readv", args: func(m *image) []uint64 { return []uint64{99, m.words(here, 3), 1} }, errno: 9},
		{want: `name_to_handle_at(3, NULL, {handle_bytes=128 => 8, handle_type=1, f_handle="\x13\x00\x00\x00\x00\x00\x00\x00"}, [27], 0) = 0`, name: "name_to_handle_at", args: func(m *image) []uint64 {
			m.write(here, bytes32(128))
			return []uint64{3, 0, here, m.words32(27), 0}
		}, fill: filledInts(8, 1, 0x13, 0)},
		{want: `ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0`, name: "ioctl", args: at(0, 0x5413, here), fill: filledWords(80<<16 | 24)},
		{want: `ioctl(3, TCGETS, 0x555555559060) = -1 ENOTTY (Inappropriate ioctl for device)`, name: "ioctl", args: at(3, 0x5401, here), errno: 25},
		{
			want: `ioctl(19, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}) = 0`, name: "ioctl",
			args: at(19, 0x5401, here), fill: filledInts(0x500, 5, 0xbf, 0x8a3b, 0, 0, 0, 0, 0),
		},
		{want: `ioctl(21, FS_IOC_GETFLAGS, [FS_EXTENT_FL]) = 0`, name: "ioctl", args: at(21, 0x80086601, here), fill: filledWords(0x80000)},
		{want: `ioctl(8, SIOCGIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_LOOPBACK|IFF_RUNNING}) = 0`, name: "ioctl", args: at(8, 0x8913, here), fill: filled(record(40, field{0, 2, 'l' | 'o'<<8}, field{16, 2, 0x49}))},
		{want: `ioctl(21, BTRFS_IOC_CLONE or FICLONE, 99) = -1 EBADF (Bad file descriptor)`, name: "ioctl", args: at(21, 0x40049409, 99), errno: 9},
	})
}

// TestFilledTasks are lines about processes, times and signals.
func TestFilledTasks(t *testing.T) {
	run(t, []traced{
		{want: `wait4(3871, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 3871`, name: "wait4", args: at(3871, here), fill: filledInts(0x300), value: 3871},
		{want: `wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 3872`, name: "wait4", args: at(minus1, here), fill: filledInts(9), value: 3872},
		{want: `wait4(3873, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], WSTOPPED, NULL) = 3873`, name: "wait4", args: at(3873, here, 2), fill: filledInts(0x137f), value: 3873},
		{want: `wait4(3873, [{WIFCONTINUED(s)}], WCONTINUED, NULL) = 3873`, name: "wait4", args: at(3873, here, 8), fill: filledInts(0xffff), value: 3873},
		{want: `wait4(3873, 0x555555559060, WNOHANG, NULL) = 0`, name: "wait4", args: at(3873, here, 1), fill: filledInts(9)},
		{want: `wait4(-1, 0x555555559060, 0, NULL) = -1 ECHILD (No child processes)`, name: "wait4", args: at(minus1, here), errno: 10},
		{want: `waitid(P_PID, 3875, {}, WNOHANG|WEXITED, NULL) = 0`, name: "waitid", args: at(1, 3875, here, 5), fill: filled(make([]byte, 128))},
		{want: `getrusage(RUSAGE_SELF, {ru_utime={tv_sec=0, tv_usec=6573}, ru_stime={tv_sec=0, tv_usec=0}, ...}) = 0`, name: "getrusage", args: at(0, here), fill: filledWords(0, 6573, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
		{want: `prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=RLIM64_INFINITY}) = 0`, name: "prlimit64", args: at(0, 7, 0, here), fill: filledWords(20000, minus1)},
		{want: `getgroups(100, [1, 2, 3]) = 3`, name: "getgroups", args: at(100, here), fill: filledInts(1, 2, 3), value: 3},
		{want: `getgroups(0, NULL) = 3`, name: "getgroups", args: at(0, 0), value: 3},
		{want: `getresuid([0], [1], [-1]) = 0`, name: "getresuid", args: at(here, here+4, here+8), fill: filledInts(0, 1, 1<<32-1)},
		{want: `sched_getaffinity(0, 128, [0 1]) = 32`, name: "sched_getaffinity", args: at(0, 128, here), fill: filledWords(3, 0, 0, 0), value: 32},
		{want: `capget({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_MAC_OVERRIDE, permitted=0, inheritable=1<<CAP_KILL}) = 0`, name: "capget", args: func(m *image) []uint64 { return []uint64{m.words32(0x20080522, 0), here} }, fill: filledInts(1, 0, 32, 1, 0, 0)},
		{want: `capget({version=0 /* _LINUX_CAPABILITY_VERSION_??? */, pid=0}, NULL) = 0`, name: "capget", args: func(m *image) []uint64 { return []uint64{m.words32(0, 0), 0} }},
		{want: `arch_prctl(ARCH_GET_FS, [0x7ffff7dd2740]) = 0`, name: "arch_prctl", args: at(0x1003, here), fill: filledWords(0x7ffff7dd2740)},
		{want: `prctl(PR_GET_NAME, "t3") = 0`, name: "prctl", args: at(16, here), fill: filled([]byte("t3\x00"))},
		{want: `prctl(PR_GET_PDEATHSIG, [SIGKILL]) = 0`, name: "prctl", args: at(2, here), fill: filledInts(9)},
		{want: `sysinfo({uptime=1, loads=[2, 3, 4], totalram=5, freeram=6, sharedram=7, bufferram=8, totalswap=0, freeswap=0, procs=133, totalhigh=0, freehigh=0, mem_unit=1}) = 0`, name: "sysinfo", args: at(here), fill: filledWords(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 133, 0, 0, 1)},
		{want: `uname({sysname="Linux", nodename="vm", ...}) = 0`, name: "uname", args: at(here), fill: func(m *image) {
			m.write(here, make([]byte, 390))
			m.write(here, []byte("Linux"))
			m.write(here+65, []byte("vm"))
		}},
		{want: `clone(child_stack=NULL, flags=CLONE_PARENT_SETTID|SIGCHLD, parent_tid=[3879]) = 3879`, name: "clone", args: at(0x100011, 0, here), fill: filledInts(3879), value: 3879},
		{
			want: `clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x555555559460, parent_tid=0x555555559060, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {pidfd=[7], parent_tid=[3877]}, 88) = 3877`, name: "clone3",
			args: func(m *image) []uint64 { return []uint64{m.words(0x101000, there, 0, here, 17, 0, 0, 0, 0, 0, 0), 88} }, fill: func(m *image) { m.write(here, bytes32(3877)); m.write(there, bytes32(7)) }, value: 3877,
		},
		{
			want: `clone3({flags=0x1 /* CLONE_??? */, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = -1 EINVAL (Invalid argument)`, name: "clone3",
			args: func(m *image) []uint64 { return []uint64{m.words(1, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88} }, errno: 22,
		},
		{want: `clock_gettime(CLOCK_MONOTONIC, {tv_sec=35217, tv_nsec=849389500}) = 0`, name: "clock_gettime", args: at(1, here), fill: filledWords(35217, 849389500)},
		{want: `gettimeofday({tv_sec=1795344840, tv_usec=189199}, {tz_minuteswest=0, tz_dsttime=0}) = 0`, name: "gettimeofday", args: at(here, here+16), fill: filledWords(1795344840, 189199, 0)},
		{want: `time([1795344840 /* 2026-11-22T10:54:00+0000 */]) = 1795344840 (2026-11-22T10:54:00+0000)`, name: "time", args: at(here), fill: filledWords(1795344840), value: 1795344840},
		{want: `nanosleep({tv_sec=1, tv_nsec=10}, {tv_sec=0, tv_nsec=950050091}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`, name: "nanosleep", args: func(m *image) []uint64 { return []uint64{m.words(1, 10), here} }, fill: filledWords(0, 950050091), errno: 516},
		{want: `nanosleep({tv_sec=0, tv_nsec=1000}, 0x555555559060) = 0`, name: "nanosleep", args: func(m *image) []uint64 { return []uint64{m.words(0, 1000), here} }, fill: filledWords(0, 5)},
		{want: `getitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, tv_usec=50000}}) = 0`, name: "getitimer", args: at(0, here), fill: filledWords(0, 0, 0, 50000)},
		{want: `timerfd_settime(6, 0, {it_interval={tv_sec=1, tv_nsec=2}, it_value={tv_sec=3, tv_nsec=4}}, 0x555555559060) = -1 EBADF (Bad file descriptor)`, name: "timerfd_settime", args: func(m *image) []uint64 { return []uint64{6, 0, m.words(1, 2, 3, 4), here} }, errno: 9},
		{want: `timer_create(CLOCK_MONOTONIC, {sigev_value={sival_int=5, sival_ptr=0x5}, sigev_signo=SIGUSR2, sigev_notify=SIGEV_SIGNAL}, [0]) = 0`, name: "timer_create", args: func(m *image) []uint64 { return []uint64{1, m.words(5, 12, 0, 0), here} }, fill: filledInts(0)},
		{want: `times({tms_utime=0, tms_stime=316 /* 3.16 s */, tms_cutime=0, tms_cstime=0}) = 1721478671`, name: "times", args: at(here), fill: filledWords(0, 316, 0, 0), value: 1721478671},
		{want: `rt_sigaction(SIGTERM, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0`, name: "rt_sigaction", args: at(15, 0, here, 8), fill: filledWords(0, 0, 0, 0)},
		{want: `rt_sigaction(SIGUSR2, NULL, 0x555555559060, 4) = -1 EINVAL (Invalid argument)`, name: "rt_sigaction", args: at(12, 0, here, 4), errno: 22},
		{want: `rt_sigprocmask(SIG_SETMASK, NULL, [CHLD], 8) = 0`, name: "rt_sigprocmask", args: at(2, 0, here, 8), fill: filledWords(1 << 16)},
		{want: `rt_sigtimedwait([USR1], {si_signo=SIGUSR1, si_code=SI_USER, si_pid=3846, si_uid=0}, NULL, 8) = 10 (SIGUSR1)`, name: "rt_sigtimedwait", args: func(m *image) []uint64 { return []uint64{m.words(1 << 9), here, 0, 8} }, fill: filled(record(128, field{0, 4, 10}, field{16, 4, 3846})), value: 10},
		{want: `sigaltstack({ss_sp=0x55555556b240, ss_flags=0, ss_size=8192}, {ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}) = 0`, name: "sigaltstack", args: func(m *image) []uint64 { return []uint64{m.words(0x55555556b240, 0, 8192), here} }, fill: filledWords(0, 2, 0)},
		{want: `get_mempolicy([MPOL_DEFAULT], [0000000000000000], 64, NULL, 0) = 0`, name: "get_mempolicy", args: at(here, here+8, 64), fill: filledWords(0, 0)},
		{want: `mincore(0x55555555a000, 8192, [1, 0]) = 0`, name: "mincore", args: at(0x55555555a000, 8192, here), fill: filled([]byte{1, 0})},
		{want: `msgrcv(6, {mtype=1, mtext="ab\0"}, 3, 0, 0) = 3`, name: "msgrcv", args: at(6, here, 3), fill: filled([]byte("\x01\x00\x00\x00\x00\x00\x00\x00ab\x00")), value: 3},
		{want: `seccomp(SECCOMP_GET_NOTIF_SIZES, 0, {seccomp_notif=80, seccomp_notif_resp=24, seccomp_data=64}) = 0`, name: "seccomp", args: at(3, 0, here), fill: filled([]byte{80, 0, 24, 0, 64, 0})},
	})
}

// TestSigreturn: the mask is in the frame that the stack pointer leads to.
func TestSigreturn(t *testing.T) {
	m := newImage(t)
	m.write(here+296, bytes64(1<<1))
	for stack, want := range map[uint64]string{here: "rt_sigreturn({mask=[INT]}) = -1 EINTR (Interrupted system call)", 0: "rt_sigreturn() = -1 EINTR (Interrupted system call)"} {
		opt := decode.Options{Stack: stack}
		c := decode.Enter(abi.X86_64, 15, [6]uint64{}, m, opt)
		c.Return(4, true, m, opt)
		if got := c.String() + " = " + c.Result; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestI386Returns: other layouts, and numbers in two registers.
func TestI386Returns(t *testing.T) {
	for _, c := range []traced{
		{want: `stat64(NULL, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0`, name: "stat64", args: at(0, 0x9000), fill: func(m *image) { m.write(0x9000, record(96, field{16, 4, 0o100644}, field{44, 8, 1221})) }},
		{want: `fstat(3, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0`, name: "fstat", args: at(3, 0x9000), fill: func(m *image) { m.write(0x9000, record(64, field{8, 2, 0o100644}, field{20, 4, 1221})) }},
		{want: `pread64(3, "t:x:0", 5, 4294967299) = 5`, name: "pread64", args: at(3, 0x9000, 5, 3, 1), fill: func(m *image) { m.write(0x9000, []byte("t:x:0")) }, value: 5},
		{want: `_llseek(3, 4294967301, [5], SEEK_SET) = 0`, name: "_llseek", args: at(3, 1, 5, 0x9000), fill: func(m *image) { m.write(0x9000, bytes64(5)) }},
		{want: `getrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=2147483647}) = 0`, name: "getrlimit", args: at(3, 0x9000), fill: func(m *image) { m.write(0x9000, bytes32(8<<20, 1<<31-1)) }},
		{want: `wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 7`, name: "wait4", args: at(minus1, 0x9000), fill: func(m *image) { m.write(0x9000, bytes32(0)) }, value: 7},
		{want: `fcntl64(3, F_GETFL) = 0 (flags O_RDONLY)`, name: "fcntl64", args: at(3, 3)},
		{want: `getpid() = -1`, name: "getpid", value: 1<<32 - 1},
	} {
		if got := c.line(t, abi.I386, decode.Options{}); got != c.want {
			t.Errorf("\ngot  %s\nwant %s", got, c.want)
		}
	}
}

// TestHostileReturns: counts that no memory has, and structures that point
// nowhere.
func TestHostileReturns(t *testing.T) {
	run(t, []traced{
		{want: `read(3, 0x555555559060, 18446744073709551615) = 9223372036854775807`, name: "read", args: at(3, here, minus1), value: 1<<63 - 1},
		{want: `getdents64(8, 0x555555559060, 1) = 9999999`, name: "getdents64", args: at(8, here, 1), value: 9999999},
		{want: `poll(0x555555559060, 4294967295, 0) = 5`, name: "poll", args: at(here, minus1), value: 5},
		{want: `epoll_wait(17, 0x555555559060, 10, -1) = 999999`, name: "epoll_wait", args: at(17, here, 10, minus1), value: 999999},
		{want: `recvmsg(3, 0x555555559060, 0) = 5`, name: "recvmsg", args: at(3, here), value: 5},
		{want: `wait4(-1, 0xffffffffffffffff, 0, 0x8000000000000000) = 5`, name: "wait4", args: at(minus1, minus1, 0, 1<<63), value: 5},
	})
	c := traced{name: "sched_getaffinity", args: at(0, 1<<31, here), fill: filled([]byte(strings.Repeat("\xff", 1<<16))), value: 1 << 20}
	if got := c.line(t, abi.X86_64, decode.Options{}); len(got) > 100 {
		t.Errorf("a mask of a mebibyte has %d characters", len(got))
	}
}
