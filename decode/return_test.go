package decode_test

import (
	"strings"
	"testing"

	"warder/abi"
	"warder/decode"
)

// traced is a call from entry to return. Of want, strace 6.1's line, the
// spaces before the = are one. fill is what the kernel does between.
type traced struct {
	want, name string
	args       func(m *image) []uint64
	fill       func(m *image)
	value      uint64
	errno      uint64
}

func (c traced) line(t *testing.T, arch abi.Arch, opt decode.Options) string {
	t.Helper()
	nr, ok := arch.Number(c.name)
	if !ok {
		t.Fatalf("%v has no %s", arch, c.name)
	}
	m := newImage(t)
	var args [6]uint64
	if c.args != nil {
		copy(args[:], c.args(m))
	}
	call := decode.Enter(arch, nr, args, m, opt)
	for _, a := range call.Args {
		if a.Out && !strings.HasPrefix(a.Text, "0x") && a.Text != "NULL" && !strings.Contains(a.Text, "=0x") && c.name != "clone3" {
			t.Errorf("%s: an argument that the kernel fills is %s at the entry", c.name, a.Text)
		}
	}
	if c.fill != nil {
		c.fill(m)
	}
	if c.errno != 0 {
		call.Return(c.errno, true, m, opt)
	} else {
		call.Return(c.value, false, m, opt)
	}
	return call.String() + " = " + call.Result
}

func run(t *testing.T, calls []traced) {
	t.Helper()
	for _, c := range calls {
		if got := c.line(t, abi.X86_64, decode.Options{}); got != c.want {
			t.Errorf("\ngot  %s\nwant %s", got, c.want)
		}
	}
}

// at gives registers as they are.
func at(registers ...uint64) func(*image) []uint64 {
	return func(*image) []uint64 { return registers }
}

// Where the kernel writes in these tests.
const (
	here  = 0x555555559060
	there = 0x555555559460
)

func filled(b []byte) func(*image) { return func(m *image) { m.write(here, b) } }

func filledWords(w ...uint64) func(*image) { return func(m *image) { m.write(here, bytes64(w...)) } }

func filledInts(w ...uint32) func(*image) { return func(m *image) { m.write(here, bytes32(w...)) } }

func TestResults(t *testing.T) {
	run(t, []traced{
		{want: `getpid() = 3846`, name: "getpid", value: 3846},
		{want: `lseek(99, -5, SEEK_SET) = -1 EINVAL (Invalid argument)`, name: "lseek", args: at(99, minus1-4, 0), errno: 22},
		{want: `brk(NULL) = 0x55555556b000`, name: "brk", value: 0x55555556b000},
		{want: `mmap(NULL, 0, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 EINVAL (Invalid argument)`, name: "mmap", args: at(0, 0, 3, 0x22, minus1, 0), errno: 22},
		{want: `mremap(0x7ffff7fbe000, 8192, 16384, MREMAP_MAYMOVE) = 0x7ffff7fba000`, name: "mremap", args: at(0x7ffff7fbe000, 8192, 16384, 1), value: 0x7ffff7fba000},
		{want: `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = -1 ENOMEM (Cannot allocate memory)`, name: "mmap", args: at(0, 4096, 3, 0x54040021, 0xffffffff, 0), errno: 12},
		{want: `umask(022) = 022`, name: "umask", args: at(0o22), value: 0o22},
		{want: `umask(022) = 000`, name: "umask", args: at(0o22)},
		{want: `close(9) = -1 (errno 4000)`, name: "close", args: at(9), errno: 4000},
		{want: `pause() = ? ERESTARTNOHAND (To be restarted if no handler)`, name: "pause", errno: 514},
		{want: `poll(NULL, 0, 1000) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`, name: "poll", args: at(0, 0, 1000), errno: 516},
		{want: `poll(NULL, 0, 1) = 0 (Timeout)`, name: "poll", args: at(0, 0, 1)},
		{want: `fcntl(3, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)`, name: "fcntl", args: at(3, 3), value: 0x8000},
		{want: `fcntl(3, F_GETFD) = 0`, name: "fcntl", args: at(3, 1)},
		{want: `fcntl(8, F_GETFD) = 0x1 (flags FD_CLOEXEC)`, name: "fcntl", args: at(8, 1), value: 1},
		{want: `fcntl(13, F_GET_SEALS) = 0x1 (seals F_SEAL_SEAL)`, name: "fcntl", args: at(13, 1034), value: 1},
		{want: `fcntl(13, F_GETLEASE) = 0x2 (F_UNLCK)`, name: "fcntl", args: at(13, 1025), value: 2},
		{want: `sched_getscheduler(0) = 0 (SCHED_OTHER)`, name: "sched_getscheduler"},
		{want: `personality(0xffffffff) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)`, name: "personality", args: at(0xffffffff), value: 0x40000},
		{want: `ioprio_get(IOPRIO_WHO_PROCESS, 0) = 0 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0))`, name: "ioprio_get", args: at(1)},
		{want: `ioprio_set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)) = 0`, name: "ioprio_set", args: at(1, 0, 0x4004)},
		{want: `prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)`, name: "prctl", args: at(3), value: 1},
		{want: `prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) = 2 (PR_MCE_KILL_DEFAULT)`, name: "prctl", args: at(34), value: 2},
		{want: `prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS) = 0x2 (PR_SPEC_ENABLE)`, name: "prctl", args: at(52), value: 2},
		{want: `prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY) = -1 EINVAL (Invalid argument)`, name: "prctl", args: at(0x59616d61, minus1), errno: 22},
		{want: `time(NULL) = 1795344840 (2026-11-22T10:54:00+0000)`, name: "time", value: 1795344840},
		{want: `kcmp(7, 7, KCMP_FILE, 1, 2) = 2`, name: "kcmp", args: at(7, 7, 0, 1, 2), value: 2},
		{want: `kcmp(7, 7, KCMP_VM) = 0`, name: "kcmp", args: at(7, 7, 1, 1, 2)},
		{want: `syslog(10 /* SYSLOG_ACTION_SIZE_BUFFER */) = 131072`, name: "syslog", args: at(10), value: 131072},
		{want: `arch_prctl(ARCH_GET_CPUID) = 1`, name: "arch_prctl", args: at(0x1011), value: 1},
		{want: `restart_syscall(<... resuming interrupted system call ...>) = 0`, name: "restart_syscall"},
		{want: `mount(NULL, NULL, NULL, MS_MGC_VAL|MS_RDONLY, NULL) = -1 EFAULT (Bad address)`, name: "mount", args: at(0, 0, 0, 0xc0ed0001), errno: 14},
	})
}

// TestUnfinished: where strace breaks a call that another thread interrupts.
func TestUnfinished(t *testing.T) {
	clone := make([]uint64, 11)
	clone[0], clone[3] = 0x00100000, there
	for _, test := range []struct {
		name, first, rest string
		args              func(m *image) []uint64
		value             uint64
	}{
		{"read", "read(3, ", `"abcd", 10)`, at(3, here, 10), 4},
		{"pause", "pause(", ")", nil, 0},
		{"futex", "futex(0x10, FUTEX_WAIT, 1, NULL", ")", at(0x10, 0, 1), 0},
		{"fcntl", "fcntl(0, F_GETFL", ")", at(0, 3), 0},
		{"ioctl", "ioctl(3, FIONREAD", ", [1684234849])", at(3, 0x541b, here), 0},
		{"ioctl", "ioctl(4, TIOCSCTTY, 1", ")", at(4, 0x540e, 1), 0},
		{"ioctl", "ioctl(4, _IOC(_IOC_NONE, 0x23, 0x45, 0x1)", ", 0x555555559060)", at(4, 0x12345, here), 0},
		{"prctl", "prctl(PR_GET_NAME, ", `"abcd")`, at(16, here), 0},
		{"wait4", "wait4(-1, ", "NULL, 0, NULL)", at(minus1), 5},
		{"nanosleep", "nanosleep({tv_sec=1, tv_nsec=0}, ", "NULL)", func(m *image) []uint64 { return []uint64{m.words(1, 0)} }, 0},
		{"clone", "clone(child_stack=NULL, flags=SIGCHLD", ")", at(17), 5},
		{"clone", "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD", ", child_tidptr=0x7ffff7dd2a10)", at(0x1200011, 0, 0, 0x7ffff7dd2a10), 5},
		{
			"clone3", "clone3({flags=CLONE_PARENT_SETTID, parent_tid=0x555555559460, exit_signal=0, stack=NULL, stack_size=0}", " => {parent_tid=[3877]}, 88)",
			func(m *image) []uint64 { return []uint64{m.words(clone...), 88} }, 3877,
		},
	} {
		nr, _ := abi.X86_64.Number(test.name)
		m := newImage(t)
		m.write(here, []byte("abcd\x00"))
		m.write(there, bytes32(3877))
		var args [6]uint64
		if test.args != nil {
			copy(args[:], test.args(m))
		}
		call := decode.Enter(abi.X86_64, nr, args, m, decode.Options{})
		first := string(call.AppendEntered(nil))
		call.Return(test.value, false, m, decode.Options{})
		if rest := string(call.AppendRest(nil)); first != test.first || rest != test.rest {
			t.Errorf("%s: %q, %q; want %q, %q", test.name, first, rest, test.first, test.rest)
		}
	}
}

// TestUsedAgain: a Call keeps nothing of the call before but its name, which
// restart_syscall asks for.
func TestUsedAgain(t *testing.T) {
	m := newImage(t)
	var c decode.Call
	number := func(name string) uint32 { nr, _ := abi.X86_64.Number(name); return nr }
	c.Enter(abi.X86_64, number("openat"), [6]uint64{minus1 - 99, m.str("/x"), 0x41, 0o644}, m, decode.Options{})
	c.Return(2, true, m, decode.Options{})
	if c.Errno != "ENOENT" || c.Result != "-1 ENOENT (No such file or directory)" || len(c.Args) != 4 {
		t.Errorf("%+v", c)
	}
	text := c.Args[1].Text
	c.Enter(abi.X86_64, number("restart_syscall"), [6]uint64{}, m, decode.Options{})
	if c.Errno != "" || c.Result != "?" || c.String() != "restart_syscall(<... resuming interrupted openat ...>)" || text != `"/x"` {
		t.Errorf("%s, %+v", text, c)
	}
	// A Call that Decode made has no memory of its entry.
	once := decode.Decode(abi.X86_64, 0, [6]uint64{3, here, 5}, m, decode.Options{})
	once.Return(11, true, m, decode.Options{})
	if once.String() != "read(3, 0x555555559060, 5)" || once.Result != "-1 EAGAIN (Resource temporarily unavailable)" {
		t.Errorf("%+v", once)
	}
}

// TestDescriptors are strace -y's lines.
func TestDescriptors(t *testing.T) {
	links := map[int32]string{-100: "/root", 3: "/etc/passwd", 4: "pipe:[7]", 5: "/tmp/a<b>c (deleted)"}
	opt := decode.Options{FD: func(fd int32) string { return links[fd] }}
	for _, c := range []traced{
		{want: `close(3</etc/passwd>) = 0`, name: "close", args: at(3)},
		{want: `close(9) = -1 EBADF (Bad file descriptor)`, name: "close", args: at(9), errno: 9},
		{want: `openat(AT_FDCWD</root>, "x", O_RDONLY) = 3</etc/passwd>`, name: "openat", args: func(m *image) []uint64 { return []uint64{minus1 - 99, m.str("x")} }, value: 3},
		{want: `dup2(3</etc/passwd>, 4<pipe:[7]>) = 4<pipe:[7]>`, name: "dup2", args: at(3, 4), value: 4},
		{want: `fsync(5</tmp/a\74b\76c>(deleted)) = 0`, name: "fsync", args: at(5)},
		{want: `pipe2([3</etc/passwd>, 4<pipe:[7]>], 0) = 0`, name: "pipe2", args: at(here), fill: filledInts(3, 4)},
		{want: `poll([{fd=3</etc/passwd>, events=POLLIN}], 1, 5) = 1 ([{fd=3, revents=POLLIN}])`, name: "poll", args: func(m *image) []uint64 { return []uint64{m.words32(3, 0x10001), 1, 5} }, value: 1},
		{want: `fcntl(3</etc/passwd>, F_DUPFD, 4) = 4<pipe:[7]>`, name: "fcntl", args: at(3, 0, 4), value: 4},
		{want: `mmap(NULL, 1, PROT_READ, MAP_PRIVATE, 3</etc/passwd>, 0) = 0x1000`, name: "mmap", args: at(0, 1, 1, 2, 3), value: 0x1000},
		{want: `mmap(NULL, 1, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000`, name: "mmap", args: at(0, 1, 1, 0x22, minus1), value: 0x1000},
	} {
		if got := c.line(t, abi.X86_64, opt); got != c.want {
			t.Errorf("\ngot  %s\nwant %s", got, c.want)
		}
	}
}
