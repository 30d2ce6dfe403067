package decode_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"warder/abi"
	"warder/decode"
)

// TestMemory are calls with something behind a pointer. The expected lines
// are strace 6.1's.
func TestMemory(t *testing.T) {
	a300 := strings.Repeat("a", 300)
	cut := `"` + a300[:32] + `"...`
	for _, test := range []struct {
		want string
		name string
		args func(m *image) []uint64
	}{
		{`write(1, "hi\n", 3)`, "write", func(m *image) []uint64 { return []uint64{1, m.str("hi\n"), 3} }},
		{`write(99, "hi\n\t\\\"\0011\18\33x\377\177\19\v\f\r\0", 20)`, "write", func(m *image) []uint64 {
			return []uint64{99, m.put([]byte("hi\n\t\\\"\x011\x018\x1bx\xff\x7f\x019\v\f\r\x00")), 20}
		}},
		{`write(1, "a\0b", 3)`, "write", func(m *image) []uint64 { return []uint64{1, m.put([]byte("a\x00b")), 3} }},
		{`write(1, "", 0)`, "write", func(m *image) []uint64 { return []uint64{1, m.str(""), 0} }},
		{`write(1, "` + a300[:32] + `", 32)`, "write", func(m *image) []uint64 { return []uint64{1, m.str(a300), 32} }},
		{`write(1, ` + cut + `, 33)`, "write", func(m *image) []uint64 { return []uint64{1, m.str(a300), 33} }},
		{`openat(5, "/x/y", O_RDWR|O_CREAT|O_TRUNC, 0644)`, "openat", func(m *image) []uint64 { return []uint64{5, m.str("/x/y"), 0o1102, 0o644} }},
		{`openat(5, "/x", O_RDONLY|O_TMPFILE, 0600)`, "openat", func(m *image) []uint64 { return []uint64{5, m.str("/x"), 0o20200000, 0o600} }},
		{`open("/x", O_WRONLY|O_CREAT, 000)`, "open", func(m *image) []uint64 { return []uint64{m.str("/x"), 0o101, 0} }},
		{`open("` + a300 + `", O_RDONLY)`, "open", func(m *image) []uint64 { return []uint64{m.str(a300), 0, 0} }},
		{`chmod("/nx", 04755)`, "chmod", func(m *image) []uint64 { return []uint64{m.str("/nx"), 0o4755} }},
		{`chmod("/nx", 0777)`, "chmod", func(m *image) []uint64 { return []uint64{m.str("/nx"), 0x10001ff} }},
		{`mknod("/a", S_IFCHR|0666, makedev(0x1, 0x3))`, "mknod", func(m *image) []uint64 { return []uint64{m.str("/a"), 0o20666, 0x103} }},
		{`mknod("/a", S_IFREG|0666)`, "mknod", func(m *image) []uint64 { return []uint64{m.str("/a"), 0o100666, 0x103} }},
		{`memfd_create("` + a300[:32] + `"..., MFD_CLOEXEC)`, "memfd_create", func(m *image) []uint64 { return []uint64{m.str(a300), 1} }},
		{`prctl(PR_SET_NAME, "name")`, "prctl", func(m *image) []uint64 { return []uint64{15, m.str("name")} }},
		{`newfstatat(-1, "", 0x7f, AT_EMPTY_PATH)`, "newfstatat", func(m *image) []uint64 { return []uint64{minus1, m.str(""), 0x7f, 0x1000} }},
		{`statx(-1, "x", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW, STATX_ALL, NULL)`, "statx", func(m *image) []uint64 { return []uint64{minus1, m.str("x"), 0x100, 0xfff, 0} }},
		{`connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}, 16)`, "connect", func(m *image) []uint64 {
			return []uint64{3, m.put([]byte{2, 0, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}), 16}
		}},
		{`connect(3, {sa_family=AF_INET, sa_data="\0P\1"}, 5)`, "connect", func(m *image) []uint64 { return []uint64{3, m.put([]byte{2, 0, 0, 80, 1}), 5} }},
		{`bind(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(5), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28)`, "bind", func(m *image) []uint64 {
			p := make([]byte, 28)
			p[0], p[3], p[7], p[23] = 10, 80, 5, 1
			return []uint64{3, m.put(p), 28}
		}},
		{`bind(3, {sa_family=AF_UNIX, sun_path="/tmp/s"}, 110)`, "bind", func(m *image) []uint64 {
			p := make([]byte, 110)
			copy(p, "\x01\x00/tmp/s")
			return []uint64{3, m.put(p), 110}
		}},
		{`connect(3, {sa_family=AF_UNIX, sun_path=@"abs"}, 6)`, "connect", func(m *image) []uint64 { return []uint64{3, m.put([]byte("\x01\x00\x00abs")), 6} }},
		{`connect(3, {sa_family=AF_UNIX}, 2)`, "connect", func(m *image) []uint64 { return []uint64{3, m.put([]byte{1, 0}), 2} }},
		{`connect(3, 0x10000, 1)`, "connect", func(m *image) []uint64 { return []uint64{3, m.put([]byte{1, 0}), 1} }},
		{`writev(1, [{iov_base="hi\n", iov_len=3}, {iov_base=` + cut + `, iov_len=100}], 2)`, "writev", func(m *image) []uint64 {
			return []uint64{1, m.words(m.str("hi\n"), 3, m.str(a300), 100), 2}
		}},
		{`readv(0, [{iov_base=0x7f, iov_len=3}], 1)`, "readv", func(m *image) []uint64 { return []uint64{0, m.words(0x7f, 3), 1} }},
		{`nanosleep({tv_sec=1, tv_nsec=18446744073709551615}, NULL)`, "nanosleep", func(m *image) []uint64 { return []uint64{m.words(1, minus1)} }},
		{`clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=1, tv_nsec=500}, NULL)`, "clock_nanosleep", func(m *image) []uint64 { return []uint64{1, 1, m.words(1, 500)} }},
		{`rt_sigprocmask(SIG_BLOCK, [CHLD], NULL, 8)`, "rt_sigprocmask", func(m *image) []uint64 { return []uint64{0, m.words(1 << 16), 0, 8} }},
		{`rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], NULL, 8)`, "rt_sigprocmask", func(m *image) []uint64 { return []uint64{0, m.words(minus1 ^ 3<<31), 0, 8} }},
		{`rt_sigprocmask(SIG_BLOCK, [], NULL, 8)`, "rt_sigprocmask", func(m *image) []uint64 { return []uint64{0, m.words(0), 0, 8} }},
		{`rt_sigaction(SIGINT, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=SA_RESTORER, sa_restorer=0x1234}, NULL, 8)`, "rt_sigaction", func(m *image) []uint64 {
			return []uint64{2, m.words(0, 0x4000000, 0x1234, 0), 0, 8}
		}},
		{`rt_sigaction(SIGINT, {sa_handler=0x1234, sa_mask=[INT], sa_flags=SA_RESTART}, NULL, 8)`, "rt_sigaction", func(m *image) []uint64 {
			return []uint64{2, m.words(0x1234, 0x10000000, 0, 2), 0, 8}
		}},
		{`poll([{fd=3, events=POLLIN}, {fd=-1}], 2, 0)`, "poll", func(m *image) []uint64 { return []uint64{m.words32(3, 1, 0xffffffff, 0), 2, 0} }},
		{`epoll_ctl(9, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, data={u32=4, u64=30064771076}})`, "epoll_ctl", func(m *image) []uint64 {
			return []uint64{9, 1, 4, m.words32(0x80000001, 4, 7)}
		}},
		{`prlimit64(0, RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}, NULL)`, "prlimit64", func(m *image) []uint64 { return []uint64{0, 3, m.words(8192*1024, minus1), 0} }},
		{`clone3({flags=CLONE_VM, exit_signal=SIGCHLD, stack=0x1, stack_size=0}, 64)`, "clone3", func(m *image) []uint64 {
			return []uint64{m.words(0x100, 0, 0, 0, 17, 1, 0, 0), 64}
		}},
		{`openat2(-1, "x", {flags=O_RDONLY|O_CREAT, mode=0600, resolve=0}, 24)`, "openat2", func(m *image) []uint64 { return []uint64{minus1, m.str("x"), m.words(0x40, 0o600, 0), 24} }},
		{`seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=1, filter=0x7f})`, "seccomp", func(m *image) []uint64 { return []uint64{1, 0, m.words(1, 0x7f)} }},
		{`setsockopt(9, SOL_SOCKET, SO_REUSEADDR, [1], 4)`, "setsockopt", func(m *image) []uint64 { return []uint64{9, 1, 2, m.words32(1), 4} }},
		{`ioctl(0, TIOCSTI, "a")`, "ioctl", func(m *image) []uint64 { return []uint64{0, 0x5412, m.str("a")} }},
		{`ioctl(0, FIONBIO, [1])`, "ioctl", func(m *image) []uint64 { return []uint64{0, 0x5421, m.words32(1)} }},
		{`fcntl(9, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=3, l_len=4})`, "fcntl", func(m *image) []uint64 { return []uint64{9, 6, m.words(1, 3, 4, 0)} }},
		{`execve("/x", ["a", "b\n", ` + cut + `], 0x10300 /* 1 var */)`, "execve", func(m *image) []uint64 {
			argv := m.words(m.str("a"), m.str("b\n"), m.str(a300), 0)
			m.next = 0x10300
			env := m.words(m.next, 0)
			return []uint64{m.str("/x"), argv, env}
		}},
		{`execve("/x", ["a", 0x5], 0x10000 /* 0 vars */)`, "execve", func(m *image) []uint64 {
			env := m.words(0)
			return []uint64{m.str("/x"), m.words(m.str("a"), 5, 0), env}
		}},
		{`execve("/x", NULL, 0x7)`, "execve", func(m *image) []uint64 { return []uint64{m.str("/x"), 0, 7} }},
	} {
		m := newImage(t)
		if got := call(t, m, abi.X86_64, test.name, test.args(m)...).String(); got != test.want {
			t.Errorf("\ngot  %s\nwant %s", got, test.want)
		}
	}
}

// TestHostileAddresses: strings that end at, cross or run into the edge of
// what is mapped, and addresses that wrap or are no user address.
func TestHostileAddresses(t *testing.T) {
	m := newImage(t)
	m.write(0x20ffa, []byte("/a/bcd/e\x00")) // across a boundary
	m.write(0x30ffc, []byte("end\x00"))      // up to one
	m.write(0x40ffd, []byte("/xy"))          // into nothing
	top := uint64(1)<<63 - 4096
	m.write(top, []byte(strings.Repeat("z", 4096)))
	for _, test := range []struct {
		addr uint64
		want string
	}{
		{0x20ffa, `"/a/bcd/e"`},
		{0x30ffc, `"end"`},
		{0x40ffd, "0x40ffd"},
		{top + 4090, "0x7ffffffffffffffa"},
		{1 << 63, "0x8000000000000000"},
		{minus1, "0xffffffffffffffff"},
		{minus1 - 4095, "0xfffffffffffff000"},
	} {
		if got := call(t, m, abi.X86_64, "chdir", test.addr).Args[0].Text; got != test.want {
			t.Errorf("%#x: got %s, want %s", test.addr, got, test.want)
		}
	}
	if got := call(t, m, abi.X86_64, "write", 1, top+4094, 8).String(); got != "write(1, 0x7ffffffffffffffe, 8)" {
		t.Error(got)
	}
	// An array that never ends.
	word := binary.LittleEndian.AppendUint64(nil, 0x30ffc)
	for at := uint64(0x100000); at < 0x120000; at += 8 {
		m.write(at, word)
	}
	got := call(t, m, abi.X86_64, "execve", 0x30ffc, 0x100000, 0x100000).String()
	if want := `execve("end", [` + strings.Repeat(`"end", `, 32) + `...], 0x100000 /* 4096 vars, unterminated */)`; got != want {
		t.Error(got)
	}
	got = call(t, m, abi.X86_64, "execve", 0x30ffc, 0x11fff8, 0x11fff0).String()
	if want := `execve("end", ["end", ... /* 0x120000 */], 0x11fff0 /* 2 vars, unterminated */)`; got != want {
		t.Error(got)
	}
}

func TestMaxString(t *testing.T) {
	m := newImage(t)
	at, nr := m.str("abcdef"), uint32(1)
	for size, want := range map[int]string{
		1: `"a"...`, 5: `"abcde"...`, 6: `"abcdef"`, 0: `"abcdef"`, -3: `""...`, 1 << 30: `"abcdef"`,
	} {
		got := decode.Decode(abi.X86_64, nr, [6]uint64{1, at, 6}, m, decode.Options{MaxString: size})
		if got.Args[1].Text != want {
			t.Errorf("%d: %s, want %s", size, got.Args[1].Text, want)
		}
	}
}

func TestI386Memory(t *testing.T) {
	m := newImage(t)
	argv := m.words32(uint32(m.str("a")), uint32(m.str("b")), 0)
	if got := call(t, m, abi.I386, "execve", m.str("/x"), argv, 0).String(); got != `execve("/x", ["a", "b"], NULL)` {
		t.Error(got)
	}
	if got := call(t, m, abi.I386, "nanosleep", m.words32(1, 5), 0).String(); got != `nanosleep({tv_sec=1, tv_nsec=5}, NULL)` {
		t.Error(got)
	}
	if got := call(t, m, abi.I386, "clock_nanosleep_time64", 0, 0, m.words(1, 5), 0).String(); got != `clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=5}, NULL)` {
		t.Error(got)
	}
	if got := call(t, m, abi.I386, "writev", 1, m.words32(uint32(m.str("hi")), 2), 1).String(); got != `writev(1, [{iov_base="hi", iov_len=2}], 1)` {
		t.Error(got)
	}
}
