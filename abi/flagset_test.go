package abi_test

import (
	"math"
	"strings"
	"testing"

	"warder/abi"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		set  abi.FlagSet
		v    uint64
		want string
	}{
		{abi.OpenFlags, 0, "O_RDONLY"},
		{abi.OpenFlags, 0x80000, "O_RDONLY|O_CLOEXEC"},
		{abi.OpenFlags, 0o1101, "O_WRONLY|O_CREAT|O_TRUNC"},
		{abi.OpenFlags, 0o4010000, "O_RDONLY|O_SYNC"},
		{abi.OpenFlags, 0o10000, "O_RDONLY|O_DSYNC"},
		{abi.OpenFlags, 0o20200002, "O_RDWR|O_TMPFILE"},
		{abi.OpenFlags, 0o200000, "O_RDONLY|O_DIRECTORY"},
		{abi.OpenFlags, 0o20000000, "O_RDONLY|__O_TMPFILE"},
		{abi.OpenFlags, 1<<40 | 4, "O_RDONLY|0x10000000004"},
		{abi.OpenFlagsARM, 0x4000, "O_RDONLY|O_DIRECTORY"},
		{abi.ProtFlags, 0, "PROT_NONE"},
		{abi.ProtFlags, 3, "PROT_READ|PROT_WRITE"},
		{abi.ProtFlags, 0x13, "PROT_READ|PROT_WRITE|0x10"},
		{abi.ProtFlags, 0x100, "0x100"},
		{abi.MapFlags, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"},
		{abi.MapFlags, 0x20, "MAP_FILE|MAP_ANONYMOUS"},
		{abi.MapFlags, 0x4003, "MAP_SHARED_VALIDATE|MAP_NORESERVE"},
		{abi.CloneFlags, 0x1200011, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"},
		{abi.CloneFlags, 17, "SIGCHLD"},
		{abi.CloneFlags, 0, "0"},
		{abi.CloneFlags, 0x1ff, "CLONE_VM|255"},
		{abi.FutexOps, 0x80, "FUTEX_WAIT_PRIVATE"},
		{abi.FutexOps, 0x189, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"},
		{abi.MadviseAdvice, 4, "MADV_DONTNEED"},
		{abi.MadviseAdvice, 99, "0x63"},
		{abi.SocketTypes, 0x80001, "SOCK_STREAM|SOCK_CLOEXEC"},
		{abi.AccessModes, 0, "F_OK"},
		{abi.AccessModes, 5, "R_OK|X_OK"},
		{abi.AtFlags, 0, "0"},
		{abi.IPCFlags, 0o1666, "IPC_CREAT|0666"},
		{abi.IPCFlags, 0, "000"},
		{abi.RusageWho, 0xffffffff, "RUSAGE_CHILDREN"},
		{abi.RusageWho, math.MaxUint64, "RUSAGE_CHILDREN"},
		{abi.StatxMask, 0xfff, "STATX_ALL"},
		{0, 5, "0x5"},
		{255, 5, "0x5"},
	} {
		if got := test.set.Format(test.v); got != test.want {
			t.Errorf("set %d: %#x is %s, want %s", test.set, test.v, got, test.want)
		}
	}
}

// TestParse: every name of every set is found again, and every name formats
// into something that starts with a letter.
func TestParse(t *testing.T) {
	total := 0
	for set := abi.FlagSet(0); set < 255; set++ {
		for _, name := range set.Names() {
			v, ok := set.Parse(name)
			if !ok {
				t.Errorf("set %d does not parse its own %s", set, name)
			}
			if got := set.Format(v); strings.HasPrefix(got, "0x") {
				t.Errorf("set %d: %s = %#x prints as %s", set, name, v, got)
			}
			if _, ok := abi.ParseConstant(name); !ok {
				t.Errorf("ParseConstant(%s) fails", name)
			}
			total++
		}
	}
	if total < 800 {
		t.Errorf("only %d constants", total)
	}
	for name, want := range map[string]uint64{
		"O_RDONLY": 0, "O_CLOEXEC": 0x80000, "AT_FDCWD": ^uint64(99), "TCGETS": 0x5401, "TIOCSTI": 0x5412, "TIOCLINUX": 0x541c,
		"F_GETFL": 3, "F_DUPFD_CLOEXEC": 1030, "CLONE_THREAD": 0x10000, "CLONE_NEWUSER": 0x10000000, "PR_SET_NAME": 15,
		"PR_SET_NO_NEW_PRIVS": 38, "ARCH_SET_FS": 0x1002, "MAP_ANONYMOUS": 0x20, "PROT_EXEC": 4, "SOCK_NONBLOCK": 0x800,
		"AF_NETLINK": 16, "SECCOMP_SET_MODE_FILTER": 1, "PTRACE_TRACEME": 0, "PTRACE_SEIZE": 0x4206, "RLIMIT_NOFILE": 7,
		"MADV_HUGEPAGE": 14, "FIONREAD": 0x541b, "FIOCLEX": 0x5451, "GRND_NONBLOCK": 1, "MFD_CLOEXEC": 1, "CLOCK_MONOTONIC": 1,
		"RENAME_NOREPLACE": 1, "AT_REMOVEDIR": 0x200, "AT_EMPTY_PATH": 0x1000, "MS_BIND": 4096, "EPOLL_CTL_ADD": 1,
		"LANDLOCK_RULE_PATH_BENEATH": 1, "WNOHANG": 1, "SA_RESTART": 0x10000000, "MCL_CURRENT": 1, "F_SETLK": 6,
		"SIG_SETMASK": 2, "O_TMPFILE": 0x410000, "FUTEX_WAKE_PRIVATE": 0x81, "MSG_NOSIGNAL": 0x4000,
	} {
		if v, ok := abi.ParseConstant(name); !ok || v != want {
			t.Errorf("%s = %#x, %v; want %#x", name, v, ok, want)
		}
	}
	for _, name := range []string{"", "EPERM", "SIGKILL", "o_rdonly", "O_", "PROT_???"} {
		if v, ok := abi.ParseConstant(name); ok {
			t.Errorf("ParseConstant(%q) = %#x", name, v)
		}
	}
}

func TestUnknown(t *testing.T) {
	for set, want := range map[abi.FlagSet]string{
		abi.ProtFlags: "PROT_???", abi.Whence: "SEEK_???", abi.Clocks: "CLOCK_???", abi.AccessModes: "", 0: "",
	} {
		if got := set.Unknown(); got != want {
			t.Errorf("set %d: %q, want %q", set, got, want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add(uint8(1), uint64(0x80241))
	f.Fuzz(func(t *testing.T, set uint8, v uint64) {
		if abi.FlagSet(set).Format(v) == "" {
			t.Errorf("set %d: %#x prints as nothing", set, v)
		}
	})
}
