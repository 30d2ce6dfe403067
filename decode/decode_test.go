package decode_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warder/abi"
	"warder/decode"
)

// call decodes a named call.
func call(t *testing.T, mem decode.Memory, arch abi.Arch, name string, args ...uint64) decode.Call {
	t.Helper()
	nr, ok := arch.Number(name)
	if !ok {
		t.Fatalf("%v has no %s", arch, name)
	}
	var registers [6]uint64
	copy(registers[:], args)
	return decode.Decode(arch, nr, registers, mem, decode.Options{})
}

const minus1 = ^uint64(0)

// TestScalars are calls that need no memory. The expected lines are strace
// 6.1's, without results.
func TestScalars(t *testing.T) {
	for _, test := range []struct {
		want, name string
		args       []uint64
	}{
		{"getpid()", "getpid", nil},
		{"exit_group(3)", "exit_group", []uint64{3}},
		{"exit_group(-1)", "exit_group", []uint64{0xffffffff}},
		{"close(1)", "close", []uint64{0x100000001}},
		{"close(-1)", "close", []uint64{0xffffffff}},
		{"brk(NULL)", "brk", nil},
		{"brk(0x555555559000)", "brk", []uint64{0x555555559000}},
		{"lseek(99, 4294967291, SEEK_CUR)", "lseek", []uint64{99, 0xfffffffb, 1}},
		{"lseek(99, -5, SEEK_SET)", "lseek", []uint64{99, minus1 - 4, 0}},
		{"lseek(99, 5, 0x4d /* SEEK_??? */)", "lseek", []uint64{99, 5, 77}},
		{"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", "mmap", []uint64{0, 8192, 3, 0x22, 0xffffffff, 0}},
		{"mmap(0x10000, 0, PROT_NONE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, 3, 0x26000)", "mmap", []uint64{0x10000, 0, 0, 0x4032, 3, 0x26000}},
		{"mprotect(0x1, 4096, 0x10 /* PROT_??? */)", "mprotect", []uint64{1, 4096, 16}},
		{"mremap(0x1, 2, 3, MREMAP_MAYMOVE)", "mremap", []uint64{1, 2, 3, 1, 5}},
		{"mremap(0x1, 2, 3, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5)", "mremap", []uint64{1, 2, 3, 3, 5}},
		{"madvise(0x1, 1, MADV_DONTNEED)", "madvise", []uint64{1, 1, 4}},
		{"kill(2147483647, SIGKILL)", "kill", []uint64{0x7fffffff, 9}},
		{"kill(-1, 0)", "kill", []uint64{minus1, 0}},
		{"kill(1, SIGRTMIN)", "kill", []uint64{1, 32}},
		{"kill(1, SIGRT_1)", "kill", []uint64{1, 33}},
		{"kill(1, 65)", "kill", []uint64{1, 65}},
		{"fcntl(99, F_GETFD)", "fcntl", []uint64{99, 1, 5}},
		{"fcntl(99, F_GETFD)", "fcntl", []uint64{99, 1<<32 | 1, 5}},
		{"fcntl(99, F_SETFD, FD_CLOEXEC)", "fcntl", []uint64{99, 2, 1}},
		{"fcntl(99, F_GETFL)", "fcntl", []uint64{99, 3}},
		{"fcntl(99, F_SETFL, O_RDWR|O_NONBLOCK)", "fcntl", []uint64{99, 4, 0x802}},
		{"fcntl(99, F_DUPFD, 5)", "fcntl", []uint64{99, 0, 5}},
		{"fcntl(99, F_SETSIG, SIGKILL)", "fcntl", []uint64{99, 10, 9}},
		{"fcntl(99, F_ADD_SEALS, F_SEAL_SEAL|F_SEAL_SHRINK)", "fcntl", []uint64{99, 1033, 3}},
		{"fcntl(99, 0x4d /* F_??? */, 0x5)", "fcntl", []uint64{99, 77, 5}},
		{"ioctl(99, TCGETS, 0x1)", "ioctl", []uint64{99, 0x5401, 1}},
		{"ioctl(99, FIOCLEX)", "ioctl", []uint64{99, 0x5451, 7}},
		{"ioctl(99, TIOCSCTTY, 0)", "ioctl", []uint64{99, 0x540e, 0}},
		{"ioctl(99, _IOC(_IOC_NONE, 0, 0, 0), 0x5)", "ioctl", []uint64{99, 0, 5}},
		{"ioctl(99, _IOC(_IOC_READ|_IOC_WRITE, 0x34, 0x56, 0x12), 0x5)", "ioctl", []uint64{99, 0xc0123456, 5}},
		{"socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0)", "socket", []uint64{1, 0x80001, 0}},
		{"socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP)", "socket", []uint64{2, 0x801, 6}},
		{"socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)", "socket", []uint64{16, 3, 0}},
		{"setsockopt(99, SOL_TCP, TCP_NODELAY, 0x1, 4)", "setsockopt", []uint64{99, 6, 1, 1, 4}},
		{"clock_gettime(0xfffffffa /* CLOCK_??? */, 0x1)", "clock_gettime", []uint64{minus1 - 5, 1}},
		{"futex(0x1, FUTEX_WAIT, 2, NULL)", "futex", []uint64{1, 0, 2}},
		{"futex(0x1, FUTEX_WAKE_PRIVATE, 2)", "futex", []uint64{1, 0x81, 2, 3, 4, 5}},
		{"futex(0x1, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 2, NULL, FUTEX_BITSET_MATCH_ANY)", "futex", []uint64{1, 0x189, 2, 0, 0, 0xffffffff}},
		{"futex(0x1, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x1, 3)", "futex", []uint64{1, 0x84, 1, 2, 1, 3}},
		{"futex(0x1, FUTEX_WAKE_OP_PRIVATE, 1, 1, 0x1, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1)", "futex", []uint64{1, 0x85, 1, 1, 1, 0x4000001}},
		{"futex(0x1, 0x63 /* FUTEX_??? */, 1, 0x1, 0x1, 0x1)", "futex", []uint64{1, 99, 1, 1, 1, 1}},
		{"prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)", "prctl", []uint64{38, 1}},
		{"prctl(PR_SET_PDEATHSIG, SIGKILL)", "prctl", []uint64{1, 9}},
		{"prctl(PR_GET_DUMPABLE)", "prctl", []uint64{3}},
		{"prctl(PR_CAPBSET_READ, CAP_KILL)", "prctl", []uint64{23, 5}},
		{"prctl(0x3e7 /* PR_??? */, 0x1, 0x2, 0x3, 0x4)", "prctl", []uint64{999, 1, 2, 3, 4}},
		{"ptrace(PTRACE_TRACEME)", "ptrace", nil},
		{"ptrace(PTRACE_ATTACH, 2147483647)", "ptrace", []uint64{16, 0x7fffffff}},
		{"ptrace(PTRACE_SEIZE, 2147483647, NULL, PTRACE_O_TRACESYSGOOD)", "ptrace", []uint64{0x4206, 0x7fffffff, 0, 1}},
		{"ptrace(PTRACE_CONT, 1, 0x1, SIGKILL)", "ptrace", []uint64{7, 1, 1, 9}},
		{"clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7ff)", "clone", []uint64{0x1200011, 0, 0, 0x7ff, 5}},
		{"clone(child_stack=0x123, flags=CLONE_THREAD|SIGCHLD)", "clone", []uint64{0x10011, 0x123}},
		{"clone(child_stack=0x123, flags=CLONE_THREAD|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID, parent_tid=0x1, tls=0x3, child_tidptr=0x2)", "clone", []uint64{0x1390000, 0x123, 1, 2, 3}},
		{"setresuid(-1, 0, -1)", "setresuid", []uint64{0xffffffff, 0, minus1}},
		{"umask(022)", "umask", []uint64{0o22}},
		{"wait4(-1, NULL, WNOHANG|__WALL, NULL)", "wait4", []uint64{minus1, 0, 0x40000001}},
		{"unshare(0x80000000 /* CLONE_??? */)", "unshare", []uint64{0x80000000}},
		{"personality(0xffffffff)", "personality", []uint64{0xffffffff}},
		{"personality(PER_LINUX|ADDR_NO_RANDOMIZE)", "personality", []uint64{0x40000}},
		{"rseq(0x1, 0x20, 0, 0x53053053)", "rseq", []uint64{1, 32, 0, 0x53053053}},
		{"arch_prctl(ARCH_SET_FS, 0x7f)", "arch_prctl", []uint64{0x1002, 0x7f}},
		{"shmget(IPC_PRIVATE, 0, IPC_CREAT|0666)", "shmget", []uint64{0, 0, 0o1666}},
		{"shmget(0x5, 5, 000)", "shmget", []uint64{5, 5, 0}},
		{"openat(AT_FDCWD, 0x7fff00000000, O_RDONLY)", "openat", []uint64{minus1 - 99, 0x7fff00000000}},
		{"openat(AT_FDCWD, NULL, O_RDONLY)", "openat", []uint64{0xffffff9c}},
		{"write(1, 0x7f, 3)", "write", []uint64{1, 0x7f, 3}},
		{"read(0, 0x7f, 18446744073709551615)", "read", []uint64{0, 0x7f, minus1}},
		{"rt_sigprocmask(SIG_SETMASK, 0x8, NULL, 8)", "rt_sigprocmask", []uint64{2, 8, 0, 8}},
		{"seccomp(SECCOMP_SET_MODE_STRICT, 0x9, NULL)", "seccomp", []uint64{0, 9, 0}},
	} {
		if got := call(t, nil, abi.X86_64, test.name, test.args...).String(); got != test.want {
			t.Errorf("\ngot  %s\nwant %s", got, test.want)
		}
	}
}

func TestArchitectures(t *testing.T) {
	for _, test := range []struct {
		arch       abi.Arch
		want, name string
		args       []uint64
	}{
		{abi.AArch64, "clone(child_stack=0x123, flags=CLONE_SETTLS|CLONE_CHILD_CLEARTID, tls=0x3, child_tidptr=0x4)", "clone", []uint64{0x280000, 0x123, 2, 3, 4}},
		{abi.AArch64, "openat(AT_FDCWD, 0x1, O_RDONLY|O_DIRECTORY)", "openat", []uint64{minus1 - 99, 1, 0x4000}},
		{abi.I386, "write(1, 0xffffffff, 4294967295)", "write", []uint64{0xf00000001, minus1, minus1}},
		{abi.I386, "lseek(0, -1, SEEK_SET)", "lseek", []uint64{0, 0xffffffff, 0}},
		{abi.I386, "setuid(0)", "setuid", []uint64{0x10000}},
		{abi.I386, "setuid32(65536)", "setuid32", []uint64{0x10000}},
		{abi.I386, "setuid(-1)", "setuid", []uint64{0xffff}},
	} {
		if got := call(t, nil, test.arch, test.name, test.args...).String(); got != test.want {
			t.Errorf("\ngot  %s\nwant %s", got, test.want)
		}
	}
}

func TestUnknownNumbers(t *testing.T) {
	args := [6]uint64{1, 2, 3, 4, 5, 0}
	for _, test := range []struct {
		arch abi.Arch
		nr   uint32
		want string
	}{
		{abi.X86_64, 500, "syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0)"},
		{abi.X86_64, abi.X32Bit | 1, "syscall_0x40000001(0x1, 0x2, 0x3, 0x4, 0x5, 0)"},
		{abi.X86_64, ^uint32(0), "syscall_0xffffffff(0x1, 0x2, 0x3, 0x4, 0x5, 0)"},
		{0, 0, "syscall_0x0(0x1, 0x2, 0x3, 0x4, 0x5, 0)"},
		{77, 1, "syscall_0x1(0x1, 0x2, 0x3, 0x4, 0x5, 0)"},
	} {
		if got := decode.Decode(test.arch, test.nr, args, nil, decode.Options{}).String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestArgs(t *testing.T) {
	m := newImage(t)
	name := m.str("/etc/passwd")
	dir := minus1 - 99
	got := call(t, m, abi.X86_64, "openat", dir, name, 0x80000, 0x1ff)
	want := decode.Call{Arch: abi.X86_64, Nr: 257, Name: "openat", Args: []decode.Arg{
		{Name: "dfd", Raw: dir, Text: "AT_FDCWD"},
		{Name: "filename", Raw: name, Text: `"/etc/passwd"`, Path: "/etc/passwd"},
		{Name: "flags", Raw: 0x80000, Text: "O_RDONLY|O_CLOEXEC"},
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(decode.Call{}, decode.Arg{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// strace's -s does not cut file names, and a path that fills PATH_MAX is
	// none.
	long := "/" + strings.Repeat("a", 4094)
	if a := call(t, m, abi.X86_64, "chdir", m.str(long)).Args[0]; a.Path != long || a.Text != `"`+long+`"` {
		t.Errorf("a path of 4,095 bytes: %d, %.20s", len(a.Path), a.Text)
	}
	if a := call(t, m, abi.X86_64, "chdir", m.str(long+"a")).Args[0]; a.Path != "" || a.Text != `"`+long+`"...` {
		t.Errorf("a path of 4,096 bytes: %d, %d", len(a.Path), len(a.Text))
	}
}
