package abi_test

import (
	"testing"

	"warder/abi"
)

// TestWidths holds rows checked by hand against SYSCALL_DEFINEs and what the
// functions behind them do.
func TestWidths(t *testing.T) {
	for _, test := range []struct {
		call, arg string
		index     int
		bits      uint8
		signed    bool
		kind      abi.Kind
	}{
		{"read", "fd", 0, 32, false, abi.FD},
		{"read", "count", 2, 64, false, abi.Size},
		{"write", "fd", 0, 32, false, abi.FD},
		{"write", "buf", 1, 64, false, abi.Buf},
		{"write", "count", 2, 64, false, abi.Size},
		{"writev", "fd", 0, 32, false, abi.FD},
		{"readv", "fd", 0, 32, false, abi.FD},
		{"pread64", "pos", 3, 64, true, abi.Off},
		{"open", "flags", 1, 32, true, abi.Flags},
		{"open", "mode", 2, 16, false, abi.Mode},
		{"openat", "dfd", 0, 32, true, abi.DirFD},
		{"openat", "filename", 1, 64, false, abi.Path},
		{"openat", "flags", 2, 32, true, abi.Flags},
		{"openat", "mode", 3, 16, false, abi.Mode},
		{"openat2", "usize", 3, 64, false, abi.Size},
		{"close", "fd", 0, 32, false, abi.FD},
		{"close_range", "max_fd", 1, 32, false, abi.FD},
		{"fstat", "fd", 0, 32, false, abi.FD},
		{"lseek", "offset", 1, 64, true, abi.Off},
		{"lseek", "whence", 2, 32, false, abi.Enum},
		{"mmap", "addr", 0, 64, false, abi.Ptr},
		{"mmap", "len", 1, 64, false, abi.Size},
		{"mmap", "prot", 2, 64, false, abi.Flags},
		{"mmap", "flags", 3, 64, false, abi.Flags},
		{"mmap", "fd", 4, 32, true, abi.FD},
		{"mmap", "off", 5, 64, false, abi.Off},
		{"mprotect", "prot", 2, 64, false, abi.Flags},
		{"munmap", "len", 1, 64, false, abi.Size},
		{"mremap", "flags", 3, 64, false, abi.Flags},
		{"madvise", "behavior", 2, 32, true, abi.Enum},
		{"brk", "brk", 0, 64, false, abi.Ptr},
		{"fcntl", "fd", 0, 32, false, abi.FD},
		{"fcntl", "cmd", 1, 32, false, abi.Enum},
		{"fcntl", "arg", 2, 64, false, abi.Hex},
		{"ioctl", "fd", 0, 32, false, abi.FD},
		{"ioctl", "cmd", 1, 32, false, abi.IOCTL},
		{"ioctl", "arg", 2, 64, false, abi.Hex},
		{"prctl", "option", 0, 32, true, abi.Enum},
		{"prctl", "arg2", 1, 64, false, abi.Hex},
		{"prctl", "arg5", 4, 64, false, abi.Hex},
		{"arch_prctl", "option", 0, 32, true, abi.Enum},
		{"seccomp", "op", 0, 32, false, abi.Enum},
		{"seccomp", "flags", 1, 32, false, abi.Flags},
		{"clone", "clone_flags", 0, 32, false, abi.Flags},
		{"clone", "newsp", 1, 64, false, abi.Ptr},
		{"clone", "child_tidptr", 3, 64, false, abi.Ptr},
		{"clone", "tls", 4, 64, false, abi.Ptr},
		{"unshare", "unshare_flags", 0, 64, false, abi.Flags},
		{"execve", "argv", 1, 64, false, abi.ArgV},
		{"execveat", "fd", 0, 32, true, abi.DirFD},
		{"exit", "error_code", 0, 32, true, abi.Int},
		{"exit_group", "error_code", 0, 32, true, abi.Int},
		{"wait4", "upid", 0, 32, true, abi.PID},
		{"wait4", "options", 2, 32, true, abi.Flags},
		{"kill", "pid", 0, 32, true, abi.PID},
		{"kill", "sig", 1, 32, true, abi.Signal},
		{"tgkill", "tgid", 0, 32, true, abi.PID},
		{"tgkill", "pid", 1, 32, true, abi.PID},
		{"tgkill", "sig", 2, 32, true, abi.Signal},
		{"ptrace", "request", 0, 64, true, abi.Enum},
		{"ptrace", "pid", 1, 32, true, abi.PID},
		{"futex", "op", 1, 32, true, abi.Flags},
		{"futex", "val", 2, 32, false, abi.Uint},
		{"futex", "val3", 5, 32, false, abi.Uint},
		{"socket", "family", 0, 32, true, abi.Enum},
		{"socket", "type", 1, 32, true, abi.Flags},
		{"socket", "protocol", 2, 32, true, abi.Enum},
		{"sendto", "flags", 3, 32, false, abi.Flags},
		{"connect", "addrlen", 2, 32, true, abi.Size},
		{"setsockopt", "optlen", 4, 32, true, abi.Size},
		{"clock_gettime", "which_clock", 0, 32, true, abi.ClockID},
		{"chmod", "mode", 1, 16, false, abi.Mode},
		{"umask", "mask", 0, 32, true, abi.Mode},
		{"chown", "user", 1, 32, false, abi.UID},
		{"setuid", "uid", 0, 32, false, abi.UID},
		{"getrandom", "flags", 2, 32, false, abi.Flags},
		{"personality", "personality", 0, 32, false, abi.Flags},
		{"prlimit64", "resource", 1, 32, false, abi.Enum},
		{"mount", "flags", 3, 64, false, abi.Flags},
		{"fallocate", "len", 3, 64, true, abi.Off},
		{"truncate", "length", 1, 64, true, abi.Off},
		{"mbind", "mode", 2, 32, false, abi.Flags},
		{"landlock_add_rule", "rule_type", 1, 32, false, abi.Enum},
	} {
		s, _ := abi.Lookup(test.call)
		i, ok := s.Arg(test.arg)
		if !ok || i != test.index {
			t.Errorf("%s: %s is argument %d, %v; want %d", test.call, test.arg, i, ok, test.index)
			continue
		}
		if a := s.Args[i]; a.Bits != test.bits || a.Signed != test.signed || a.Kind != test.kind {
			t.Errorf("%s: %+v; want %d bits, signed %v, kind %d", test.call, a, test.bits, test.signed, test.kind)
		}
	}
}

func TestDifferences(t *testing.T) {
	for _, test := range []struct {
		arch      abi.Arch
		call, arg string
		index     int
		bits      uint8
	}{
		{abi.X86_64, "clone", "tls", 4, 64},
		{abi.AArch64, "clone", "tls", 3, 64},
		{abi.I386, "clone", "tls", 3, 64},
		{abi.I386, "setuid", "uid", 0, 16},
		{abi.I386, "setuid32", "uid", 0, 32},
		{abi.I386, "pread64", "pos_hi", 4, 32},
		{abi.I386, "mmap", "arg", 0, 64},
		{abi.I386, "mmap2", "pgoff", 5, 64},
		{abi.AArch64, "setuid", "uid", 0, 32},
	} {
		s, _ := test.arch.Lookup(test.call)
		if i, ok := s.Arg(test.arg); !ok || i != test.index || s.Args[i].Bits != test.bits {
			t.Errorf("%v %s: %s is %d in %+v", test.arch, test.call, test.arg, i, s)
		}
	}
	for arch, want := range map[abi.Arch]uint64{abi.X86_64: 0x10000, abi.AArch64: 0x4000} {
		s, _ := arch.Lookup("openat")
		if v, ok := s.Args[2].Flags.Parse("O_DIRECTORY"); !ok || v != want {
			t.Errorf("%v: O_DIRECTORY is %#x", arch, v)
		}
	}
}

func TestValue(t *testing.T) {
	for _, test := range []struct {
		call, arg string
		raw, want uint64
	}{
		{"write", "fd", 0x100000001, 1},
		{"write", "fd", ^uint64(0), 0xffffffff},
		{"openat", "dfd", 0xffffff9c, ^uint64(99)},
		{"openat", "mode", 0xf01ff, 0x1ff},
		{"write", "count", ^uint64(0), ^uint64(0)},
		{"lseek", "offset", ^uint64(0), ^uint64(0)},
	} {
		s, _ := abi.Lookup(test.call)
		i, _ := s.Arg(test.arg)
		if got := s.Args[i].Value(test.raw); got != test.want {
			t.Errorf("%s %s: %#x is %#x, want %#x", test.call, test.arg, test.raw, got, test.want)
		}
	}
	if m := (abi.Arg{Bits: 16}).Mask(); m != 0xffff {
		t.Errorf("16 bits are %#x", m)
	}
	if m := (abi.Arg{}).Mask(); m != ^uint64(0) {
		t.Errorf("no width is %#x", m)
	}
}
