package learn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/record/learn"
	"warder/record/trace"
	"warder/rules"
)

// script makes events: one call for each line of text, in strace's notation
// with names, such as
//
//	openat dfd=AT_FDCWD filename="/etc/x" flags=O_RDONLY => 3
//	faccessat dfd=AT_FDCWD filename="/etc/y" mode=4 => -ENOENT
type script struct {
	t        testing.TB
	pid, tid int
}

func (s *script) events(text string) []trace.Event {
	s.t.Helper()
	var out []trace.Event
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, s.event(line))
		}
	}
	return out
}

func (s *script) event(line string) trace.Event {
	s.t.Helper()
	call, result, _ := strings.Cut(line, " => ")
	words := strings.Fields(call)
	e := trace.Event{Kind: trace.CallKind, PID: s.pid, TID: s.tid, Arch: abi.Native().String(), Name: words[0]}
	nr, ok := abi.Native().Number(words[0])
	if !ok {
		s.t.Fatalf("no call %q", words[0])
	}
	e.Number = nr
	sig, _ := abi.Native().Lookup(words[0])
	for _, w := range words[1:] {
		name, text, _ := strings.Cut(w, "=")
		a := trace.Arg{Name: name, Text: text, Raw: "0x7ffe0000"}
		i, ok := sig.Arg(name)
		if !ok {
			s.t.Fatalf("%s has no argument %q", words[0], name)
		}
		switch path, isPath := strings.CutPrefix(text, `"`); {
		case isPath && sig.Args[i].Kind == abi.Path:
			a.Path = strings.TrimSuffix(path, `"`)
		case isPath || strings.HasPrefix(text, "{"):
		default:
			a.Raw = fmt.Sprintf("%#x", s.value(text))
		}
		e.Args = append(e.Args, a)
	}
	if errno, failed := strings.CutPrefix(result, "-"); failed {
		e.Errno, e.Value = errno, "0xffffffffffffffff"
	} else if result != "" {
		e.Value = fmt.Sprintf("%#x", s.value(result))
	}
	return e
}

func (s *script) value(text string) uint64 {
	s.t.Helper()
	var v uint64
	for word := range strings.SplitSeq(text, "|") {
		var n int64
		if _, err := fmt.Sscan(word, &n); err == nil {
			v |= uint64(n)
		} else if c, ok := abi.ParseConstant(word); ok {
			v |= c
		} else if sig, ok := abi.ParseSignal(word); ok {
			v |= uint64(sig)
		} else {
			s.t.Fatalf("what is %q?", word)
		}
	}
	return v
}

// learned gives the policy of a run.
func learned(t testing.TB, opt learn.Options, old string, events []trace.Event) (text string, notes []string) {
	t.Helper()
	l := learn.New(opt)
	for i := range events {
		if err := l.Add(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	l.End()
	var before []byte
	if old != "" {
		before = []byte(old)
	}
	out, err := l.Policy("old.yaml", before)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out), l.Notes()
}

func parsed(t testing.TB, text string) *rules.Policy {
	t.Helper()
	p, err := rules.Parse("learned.yaml", []byte(text), rules.ParseOptions{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

const small = `
	execve filename="/usr/bin/prog" => 0
	openat dfd=AT_FDCWD filename="/etc/ld.so.cache" flags=O_RDONLY|O_CLOEXEC => 3
	close fd=3 => 0
	openat dfd=AT_FDCWD filename="/lib/libc.so.6" flags=O_RDONLY|O_CLOEXEC => 3
	read fd=3 => 832
	mmap prot=PROT_READ|PROT_EXEC flags=MAP_PRIVATE fd=3 => 4096
	mmap prot=PROT_READ flags=MAP_PRIVATE|MAP_ANONYMOUS fd=-1 => 4096
	close fd=3 => 0
	faccessat dfd=AT_FDCWD filename="/etc/ld.so.preload" mode=4 => -ENOENT
	openat dfd=AT_FDCWD filename="/srv/in" flags=O_RDONLY => 3
	read fd=3 => 10
	read fd=0 => 10
	openat dfd=AT_FDCWD filename="/srv/none" flags=O_RDONLY => -ENOENT
	openat dfd=AT_FDCWD filename="out/new" flags=O_WRONLY|O_CREAT|O_TRUNC => 4
	write fd=1 => 5
	write fd=1 => 5
	kill pid=100 sig=0 => 0
	ioctl fd=1 cmd=TCGETS => -ENOTTY
	fcntl fd=1 cmd=F_GETFL => 1
	exit_group error_code=0
`

const smallPolicy = `# Learned by warder learn, 1 run: /usr/bin/prog
# It allows what was seen and nothing else. Comments say how often; read it before it is used.
name: learned-prog
default: kill
read:
  # 1 time
  - /etc/ld.so.cache
  # 1 time
  - /lib/libc.so.6
  # 1 time
  - /srv/in
exec:
  # runs /usr/bin/prog
  - /lib/ld.so
create:
  # 1 time
  - /srv/work/out
syscalls:
  # every program needs these
  - calls: [exit, exit_group, restart_syscall, rt_sigreturn]
    action: allow
  # 2 times
  - call: close
    when:
      fd: 3
    action: allow
  # 1 time (1 ENOENT)
  - call: faccessat
    when:
      dfd: AT_FDCWD
      mode: R_OK
    action: allow
  # 1 time
  - call: fcntl
    when:
      fd: 1
      cmd: F_GETFL
    action: allow
  # 1 time (1 ENOTTY)
  - call: ioctl
    when:
      fd: 1
      cmd: TCGETS
    action: allow
  # 1 time
  - call: kill
    when:
      pid: self
      sig: 0
    action: allow
  # 2 times: fd -1, 3
  - call: mmap
    when:
      prot: {in: [PROT_READ, PROT_READ|PROT_EXEC]}
      flags: {in: [MAP_PRIVATE, MAP_PRIVATE|MAP_ANONYMOUS]}
    action: allow
  # 5 times (1 ENOENT)
  - call: openat
    when:
      dfd: AT_FDCWD
      flags: {in: [O_RDONLY, O_WRONLY|O_CREAT|O_TRUNC, O_RDONLY|O_CLOEXEC]}
    action: allow
  # 3 times: fd 0, 3
  - call: read
    action: allow
  # 2 times
  - call: write
    when:
      fd: 1
    action: allow
`

var smallOptions = learn.Options{Dir: "/srv/work", Interpreters: func(p string) []string {
	if p == "/usr/bin/prog" {
		return []string{"/lib/ld.so"}
	}
	return nil
}}

func TestSmall(t *testing.T) {
	s := &script{t, 100, 100}
	text, notes := learned(t, smallOptions, "", s.events(small))
	if text != smallPolicy || len(notes) > 0 {
		t.Errorf("%v\n%s", notes, text)
	}
	parsed(t, text)

	// Nothing new leaves it as it is, and the same again counts twice.
	same, _ := learned(t, smallOptions, text, nil)
	if same != text {
		t.Errorf("merged with nothing:\n%s", same)
	}
	twice, _ := learned(t, smallOptions, text, s.events(small))
	for _, want := range []string{"2 runs: /usr/bin/prog\n", "# 10 times (2 ENOENT)\n  - call: openat\n", "# 2 times\n  - /srv/in\n", "# 6 times: fd 0, 3\n"} {
		if !strings.Contains(twice, want) {
			t.Errorf("no %q in\n%s", want, twice)
		}
	}
	a, b := parsed(t, text), parsed(t, twice)
	if diff, err := rules.Diff(a, b, abi.Native()); err != nil || len(diff) > 0 || len(rules.DiffSettings(a, b)) > 0 {
		t.Errorf("the same run twice makes another policy: %+v, %v", diff, err)
	}
}

// TestNothingMore: what was not seen is not allowed.
func TestNothingMore(t *testing.T) {
	s := &script{t, 100, 100}
	text, _ := learned(t, smallOptions, "", s.events(small))
	p := parsed(t, text)
	m := rules.NewMatcher(p, abi.Native())
	for _, line := range []string{
		"getpid", "write fd=2", "write fd=3", "kill pid=1 sig=0", "kill pid=100 sig=9", "ioctl fd=1 cmd=TIOCSTI",
		"mmap prot=PROT_READ|PROT_WRITE|PROT_EXEC flags=MAP_PRIVATE fd=3", `openat dfd=AT_FDCWD filename="/srv/in" flags=O_RDWR`,
		`openat dfd=5 filename="/srv/in" flags=O_RDONLY`, "close fd=4", "execve", "clone", "socket family=AF_INET",
	} {
		e := s.event(line)
		if v := decide(t, m, &e, 100); v.Action.Kind != rules.Kill {
			t.Errorf("%s: %v", line, v.Action)
		}
	}
	for path, want := range map[string]string{
		"/srv/in": "read", "/srv/none": "nothing", "/srv/work": "nothing", "/srv/work/out/x": "read, write, create",
		"/etc/passwd": "nothing", "/lib/ld.so": "read, execute", "/lib": "nothing",
	} {
		if got := p.AccessTo(path, rules.Main).String(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestWays(t *testing.T) {
	s := &script{t, 100, 100}
	child := &script{t, 101, 101}
	thread := &script{t, 100, 102}
	for _, tt := range []struct {
		name   string
		events []trace.Event
		want   []string // in the policy
		not    []string
		notes  []string
	}{
		{
			"relative paths and directories",
			s.events(`
				openat dfd=AT_FDCWD filename="sub" flags=O_RDONLY|O_DIRECTORY => 3
				openat dfd=3 filename="file" flags=O_RDONLY => 4
				chdir filename="../other" => 0
				openat dfd=AT_FDCWD filename="x" flags=O_WRONLY => 5
				mkdirat dfd=AT_FDCWD pathname="made" => 0`),
			[]string{"# 2 times\n  - /srv/work/sub\n", "create:\n  # 1 time\n  - /srv/other\n"},
			[]string{"/srv/work/sub/file", "write:"},
			nil,
		},
		{
			"a child begins where its parent is",
			slices.Concat(s.events(`chdir filename="/var" => 0`), []trace.Event{{Kind: trace.BirthKind, PID: 101, TID: 101, Parent: 100}},
				child.events(`openat dfd=AT_FDCWD filename="x" flags=O_RDONLY => 3
					write fd=5 => 1`)),
			[]string{"- /var/x\n", "# 1 time: fd 5\n  - call: write\n    action: allow\n"},
			nil, nil,
		},
		{
			"threads",
			slices.Concat(s.events("futex op=0 => 0\nrt_sigaction sig=SIGURG => 0\nmadvise behavior=8 => 0"),
				[]trace.Event{{Kind: trace.BirthKind, PID: 100, TID: 102, Parent: 100}}, thread.events("write fd=7 => 1")),
			[]string{"# by chance: threads were seen\n", "call: futex\n    action: allow", "# 0 times\n  - call: tgkill\n    when:\n      tgid: self\n      sig: SIGURG\n", "in: [MADV_DONTNEED, MADV_FREE]"},
			[]string{"fd: 7"},
			nil,
		},
		{
			"another program",
			s.events(`getpid => 100
				execve filename="/bin/tool" => 0
				execve filename="/usr/local/bin/tool" => -ENOENT`),
			[]string{"- call: execve\n", "exec:\n  # 1 time\n  - /bin/tool\n"},
			[]string{"/usr/local"},
			nil,
		},
		{
			"a program that is made and run",
			s.events(`getpid => 100
				openat dfd=AT_FDCWD filename="/tmp/a.out" flags=O_WRONLY|O_CREAT => 3
				execve filename="/tmp/a.out" => 0`),
			[]string{"exec:\n  # 1 time: the program makes what it executes\n  - /tmp\n"},
			[]string{"a.out"},
			nil,
		},
		{
			"looked at",
			s.events(`faccessat dfd=AT_FDCWD filename="/opt/dir" mode=0 => 0
				faccessat dfd=AT_FDCWD filename="/opt/other/file" mode=0 => 0
				openat dfd=AT_FDCWD filename="/opt/dir/file" flags=O_RDONLY => 3
				readlinkat dfd=AT_FDCWD pathname="/opt/link" => -EINVAL
				faccessat dfd=AT_FDCWD filename="/root/x" mode=0 => -EACCES`),
			[]string{"  # 1 time: looked at, not opened\n  - /opt/link\n", "  # 1 time: looked at, not opened\n  - /opt/other/file\n", "- /opt/dir/file\n"},
			[]string{"- /opt/dir\n", "/root"},
			nil,
		},
		{
			"devices and processes' files",
			s.events(`openat dfd=AT_FDCWD filename="/dev/null" flags=O_WRONLY|O_CREAT|O_TRUNC => 3
				openat dfd=AT_FDCWD filename="/proc/self/maps" flags=O_RDONLY => 4
				openat dfd=AT_FDCWD filename="/dev/stdout" flags=O_WRONLY => 5`),
			[]string{"write:\n  # 1 time\n  - /dev/null\n", "# 1 time: processes' own files, which are not there yet\n  - /proc\n"},
			[]string{"create:"},
			[]string{"openat of /dev/stdout: what it leads to is not known"},
		},
		{
			"sockets",
			s.events(`socket family=AF_INET type=1 protocol=0 => 3
				connect fd=3 uservaddr={sa_family=AF_INET,sin_port=htons(443),} addrlen=16 => -EINPROGRESS
				socket family=AF_INET6 type=1 protocol=0 => 4
				bind fd=4 umyaddr={sa_family=AF_INET6,sin6_port=htons(0),} addrlen=28 => 0
				socket family=AF_INET type=2 protocol=0 => 5
				connect fd=5 uservaddr={sa_family=AF_INET,sin_port=htons(53),} addrlen=16 => 0
				connect fd=6 uservaddr={sa_family=AF_UNIX,sun_path=@"x"} addrlen=5 => 0
				bind fd=7 umyaddr={sa_family=AF_UNIX,sun_path="/run/x"} addrlen=9 => 0`),
			[]string{"# 1 time\nconnect: [443]\n", "# 1 time\nbind: [0]\n", "scope: {abstract-sockets: any}\n", "family: {in: [AF_INET, AF_INET6]}"},
			[]string{"53"},
			[]string{`bind to "/run/x": no path lets sockets be made`},
		},
		{
			"what no rule sees",
			s.events(`clone3 uargs={flags=CLONE_VM|CLONE_VFORK,exit_signal=SIGCHLD,} => 101
				io_uring_setup entries=8 => 3`),
			[]string{"call: clone3\n    action: errno(ENOSYS)", "clone_flags: CLONE_VM|CLONE_VFORK|SIGCHLD", "call: io_uring_setup\n    action: errno(ENOSYS)"},
			nil,
			[]string{"io_uring_setup: calls made through io_uring are seen by no rule; it is answered ENOSYS"},
		},
		{
			"what the kernel lacks",
			s.events("statx dfd=AT_FDCWD filename=\"/x\" flags=0 mask=1 => -ENOSYS"),
			[]string{"# 1 time: refused\n  - call: statx\n    action: errno(ENOSYS)\n"},
			[]string{"read:"},
			nil,
		},
		{
			"a lost line",
			[]trace.Event{{Kind: trace.LostKind, Count: 7}},
			nil, nil,
			[]string{"7 events are missing in the trace: what they were is not in the policy"},
		},
	} {
		opt := learn.Options{Dir: "/srv/work", Interpreters: func(string) []string { return nil }}
		text, notes := learned(t, opt, "", tt.events)
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, text)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q in\n%s", tt.name, not, text)
			}
		}
		if !slices.Equal(notes, tt.notes) {
			t.Errorf("%s: notes %q", tt.name, notes)
		}
		parsed(t, text)
		if again, _ := learned(t, opt, text, nil); again != text {
			t.Errorf("%s: merged with nothing:\n%s\nit was\n%s", tt.name, again, text)
		}
	}
}
