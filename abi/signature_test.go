package abi_test

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"warder/abi"
)

// empty are the calls with a number and no implementation whose arguments
// nobody knows.
var empty = []string{
	"afs_syscall", "break", "epoll_ctl_old", "epoll_wait_old", "ftime", "getpmsg", "gtty", "idle", "lock", "mpx",
	"prof", "profil", "putpmsg", "rseq_slice_yield", "security", "stty", "tuxcall", "ulimit", "vserver",
}

// none are the calls that take no argument.
var none = []string{
	"fork", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getpgrp", "getpid", "getppid",
	"gettid", "getuid", "getuid32", "inotify_init", "munlockall", "pause", "restart_syscall", "rt_sigreturn",
	"sched_yield", "setsid", "sgetmask", "sigreturn", "sync", "uprobe", "uretprobe", "vfork", "vhangup",
}

func TestEveryCallHasASignature(t *testing.T) {
	for _, a := range arches {
		for _, name := range a.Names() {
			for _, lookup := range []func(string) (abi.Signature, bool){abi.Lookup, a.Lookup} {
				s, ok := lookup(name)
				if !ok {
					t.Errorf("%v: %s has no signature", a, name)
					continue
				}
				check(t, s, name)
			}
		}
	}
	if s, ok := abi.Lookup("nosuchcall"); ok || s.Name != "" {
		t.Errorf("Lookup(nosuchcall) = %v", s)
	}
	if _, ok := abi.Arch(9).Lookup("nosuchcall"); ok {
		t.Error("an unknown architecture has nosuchcall")
	}
}

func check(t *testing.T, s abi.Signature, name string) {
	t.Helper()
	if s.Name != name {
		t.Errorf("the signature of %s is named %s", name, s.Name)
	}
	if len(s.Args) > 6 {
		t.Errorf("%s has %d arguments", name, len(s.Args))
	}
	if len(s.Args) == 0 && !slices.Contains(empty, name) && !slices.Contains(none, name) {
		t.Errorf("%s has no arguments", name)
	}
	for i, a := range s.Args {
		if a.Name == "" || a.Bits != 16 && a.Bits != 32 && a.Bits != 64 {
			t.Errorf("%s argument %d: %+v", name, i, a)
		}
		if j, ok := s.Arg(a.Name); !ok || j != i {
			t.Errorf("%s: two arguments are named %s", name, a.Name)
		}
		switch a.Kind {
		case abi.Path, abi.Str, abi.Buf, abi.OutBuf, abi.Ptr, abi.ArgV, abi.EnvP, abi.Sockaddr, abi.Timespec,
			abi.Timeval, abi.Iovec, abi.OutIovec, abi.SigSet, abi.Sigaction:
			if a.Bits != 64 {
				t.Errorf("%s: pointer %s has %d bits", name, a.Name, a.Bits)
			}
		case abi.FD, abi.DirFD, abi.PID, abi.Signal, abi.IOCTL, abi.ClockID:
			if a.Bits != 32 {
				t.Errorf("%s: %s has %d bits", name, a.Name, a.Bits)
			}
		case abi.Mode:
			if a.Bits != 16 && name != "umask" {
				t.Errorf("%s: mode %s has %d bits", name, a.Name, a.Bits)
			}
		case abi.UID, abi.GID:
			if a.Bits == 64 {
				t.Errorf("%s: id %s has 64 bits", name, a.Name)
			}
		default:
		}
		needs := a.Kind == abi.Flags || a.Kind == abi.Enum || a.Kind == abi.IOCTL || a.Kind == abi.ClockID
		if needs != (a.Flags != 0) || needs && len(a.Flags.Names()) == 0 {
			t.Errorf("%s: %s has kind %d and set %d", name, a.Name, a.Kind, a.Flags)
		}
	}
}

// TestTablesAreSorted: each table is binary-searched, so a misplaced row is
// a call without a signature, and two rows of a name hide one.
func TestTablesAreSorted(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\t\{"(\w+)", (?:nil|\[\]Arg)`)
	where := map[string]string{}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), "sig") || strings.HasSuffix(f.Name(), "_test.go") || f.Name() == "sigarch.go" {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for line := range strings.Lines(string(text)) {
			m := row.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			if m[1] <= last {
				t.Errorf("%s: %s after %s", f.Name(), m[1], last)
			}
			if other, ok := where[m[1]]; ok {
				t.Errorf("%s is in %s and %s", m[1], other, f.Name())
			}
			last, where[m[1]] = m[1], f.Name()
		}
	}
	if len(where) < 450 {
		t.Errorf("only %d rows", len(where))
	}
}

// narrower are the arguments of which the kernel reads less than it declares.
// See the package documentation.
var narrower = map[string]bool{
	"readv.fd": true, "writev.fd": true, "preadv.fd": true, "pwritev.fd": true, "preadv2.fd": true, "pwritev2.fd": true,
	"mmap.fd": true, "ptrace.pid": true, "clone.clone_flags": true, "mbind.mode": true,
}

// renamed gives the call of a kernel function where they differ.
var renamed = map[string]string{
	"newstat": "stat", "newfstat": "fstat", "newlstat": "lstat", "newuname": "uname", "sendfile64": "sendfile", "umount": "umount2",
}

// TestPrototypes holds every width against a kernel's own declarations.
func TestPrototypes(t *testing.T) {
	file, err := os.Open("testdata/prototypes-6.18.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := 0
	for scan := bufio.NewScanner(file); scan.Scan(); {
		line := scan.Text()
		name, list, ok := strings.Cut(strings.TrimSuffix(line, ")"), "(")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if other, ok := renamed[name]; ok {
			name = other
		}
		s, ok := abi.Lookup(name)
		if !ok {
			t.Errorf("no signature of %s", name)
			continue
		}
		var params []string
		if list != "" {
			params = strings.Split(list, ",")
		}
		if len(params) != len(s.Args) {
			t.Errorf("%s has %d arguments, the kernel says %s", name, len(s.Args), list)
			continue
		}
		for i, param := range params {
			end := strings.LastIndexAny(param, " *") + 1
			argument := strings.TrimLeft(strings.TrimPrefix(param[end:], "u_"), "_")
			if s.Args[i].Name != argument {
				t.Errorf("%s: argument %d is %s, the kernel says %s", name, i, s.Args[i].Name, argument)
			}
			bits, signed := width(t, param[:end])
			if narrower[name+"."+argument] {
				bits, signed = 32, s.Args[i].Signed
			}
			if s.Args[i].Bits != bits || s.Args[i].Signed != signed {
				t.Errorf("%s: %s has %d bits, signed %v, the kernel says %s", name, argument, s.Args[i].Bits, s.Args[i].Signed, param)
			}
			seen++
		}
	}
	if seen < 900 {
		t.Errorf("only %d arguments compared", seen)
	}
}

// width is what a C type has on x86-64.
func width(t *testing.T, ctype string) (bits uint8, signed bool) {
	t.Helper()
	if strings.Contains(ctype, "*") {
		return 64, false
	}
	switch ctype = strings.TrimSpace(strings.TrimPrefix(ctype, "const ")); ctype {
	case "int", "pid_t", "clockid_t", "timer_t", "mqd_t", "key_t", "key_serial_t", "rwf_t", "__s32":
		return 32, true
	case "unsigned int", "unsigned", "u32", "__u32", "uid_t", "gid_t", "qid_t", "enum landlock_rule_type":
		return 32, false
	case "long", "off_t", "loff_t":
		return 64, true
	case "unsigned long", "size_t", "u64", "__u64", "aio_context_t", "cap_user_header_t", "cap_user_data_t":
		return 64, false
	case "umode_t":
		return 16, false
	}
	t.Errorf("unknown C type %q", ctype)
	return 0, false
}
