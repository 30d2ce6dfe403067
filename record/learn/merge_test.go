package learn_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"warder/abi"
	"warder/record/learn"
	"warder/record/trace"
	"warder/rules"
)

// edited is a learned policy that a person has worked on.
const edited = `# Who runs this: the build.
# Learned by warder learn, 3 runs: /usr/bin/prog
# It allows what was seen and nothing else. Comments say how often; read it before it is used.
# Look at it again next year.

name: build
default: errno(EPERM) # softer
tsc: emulate
time: visible
# what it reads
read:
  # the tables, whichever there are
  - /srv/tables?
  - {path: /usr/lib, stage: loader} # libraries
  # do not lose this
  # 4 times
  - /srv/in
  # the end
write: [/srv/log, /srv/log2]
connect: [8080]
# 5 times
bind: [80]
syscalls:
  # every program needs these
  - calls: [exit, exit_group, restart_syscall, rt_sigreturn]
    action: allow
  - call: getpid
    action: allow
    why: I say so
  # careful
  # 7 times (2 EAGAIN)
  - call: write
    when:
      fd: {in: [1, 2]}
    action: allow
  # 9 times: fd 0, 3
  - call: read
    action: allow
  - call: openat # by hand
    when:
      flags: {mask: O_ACCMODE, eq: O_RDONLY}
    action: log
  # 2 times: refused
  - call: mbind
    action: errno(ENOSYS)
  - call: getuid
    action: kill
`

const merged = `# Learned by warder learn, 4 runs: /usr/bin/prog
# It allows what was seen and nothing else. Comments say how often; read it before it is used.
# Who runs this: the build.
# Look at it again next year.

name: build
default: errno(EPERM) # softer
tsc: emulate
time: visible
# what it reads
read:
  # the tables, whichever there are
  - /srv/tables?
  - {path: /usr/lib, stage: loader} # libraries
  # do not lose this
  # 5 times
  - /srv/in
  # 1 time
  - /srv/in2
  # the end
write:
  - /srv/log
  - /srv/log2
  # 1 time
  - /srv/out
connect: [8080]
# 5 times
bind: [80]
syscalls:
  - call: getpid
    action: allow
    why: I say so
  - call: openat # by hand
    when:
      flags: {mask: O_ACCMODE, eq: O_RDONLY}
    action: log
  - call: getuid
    action: kill
  # every program needs these
  - calls: [exit, exit_group, restart_syscall, rt_sigreturn]
    action: allow
  # 2 times: refused
  - call: mbind
    action: errno(ENOSYS)
  # 3 times
  - call: openat
    when:
      dfd: AT_FDCWD
      flags: {in: [O_RDONLY, O_WRONLY]}
    action: allow
  # 9 times: fd 0, 3
  - call: read
    action: allow
  # careful
  # 9 times: fd 1, 2, 5 (2 EAGAIN)
  - call: write
    action: allow
`

func TestMerge(t *testing.T) {
	s := &script{t, 100, 100}
	opt := learn.Options{Interpreters: func(string) []string { return nil }}
	text, notes := learned(t, opt, edited, s.events(`
		getpid => 100
		getuid => 0
		openat dfd=AT_FDCWD filename="/srv/in" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/srv/in2" flags=O_RDONLY => 4
		openat dfd=AT_FDCWD filename="/srv/out" flags=O_WRONLY => 5
		write fd=5 => 1
		write fd=1 => 1`))
	if text != merged {
		t.Errorf("%s", text)
	}
	if fmt.Sprint(notes) != "[getuid: your rule in line 46 refuses it]" {
		t.Errorf("%q", notes)
	}
	parsed(t, text)
	if again, _ := learned(t, opt, text, nil); again != text {
		t.Errorf("merged with nothing:\n%s", again)
	}
}

func TestMergeForms(t *testing.T) {
	s := &script{t, 100, 100}
	events := s.events("getuid => 0\n" + `openat dfd=AT_FDCWD filename="/new" flags=O_RDONLY => 3`)
	for _, tt := range []struct{ name, old, want string }{
		{"in one line", "default: kill\nread: [/a, /b?]\nsyscalls: [{call: getpid, action: allow}]\n", "read:\n  - /a\n  - /b?\n  # 1 time\n  - /new\nsyscalls:\n  - call: getpid\n    action: allow\n"},
		{"on a base", "base: runtime\n", "base: runtime\nread:\n  # 1 time\n  - /new\nsyscalls:\n"},
		{"no paths", "default: kill\npaths: unrestricted\n", "paths: unrestricted\nsyscalls:\n"},
		{"lists at the margin", "default: kill\nread:\n- /a\n# mine\n- /b\n", "read:\n- /a\n# mine\n- /b\n# 1 time\n- /new\nsyscalls:\n"},
		{"everything allowed by hand", "default: kill\nsyscalls:\n  - calls: [getuid, openat, exit, exit_group,\n            restart_syscall]\n    action: allow\n", "# every program needs these\n  - call: rt_sigreturn\n"},
	} {
		opt := learn.Options{Interpreters: func(string) []string { return nil }}
		l := learn.New(opt)
		for i := range events {
			if err := l.Add(&events[i]); err != nil {
				t.Fatal(err)
			}
		}
		l.End()
		text, err := l.Policy("old.yaml", []byte(tt.old))
		if err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, text)
			continue
		}
		if !strings.Contains(string(text), tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.name, tt.want, text)
		}
	}
	for _, tt := range []struct{ name, old, want string }{
		{"JSON", `{"default": "kill"}`, "nothing can be merged into a policy of this form"},
		{"a document mark", "---\ndefault: kill\n", "nothing can be merged"},
		{"no policy", "default: perhaps\n", "old.yaml:1:10: unknown action"},
	} {
		if _, err := learn.New(learn.Options{}).Policy("old.yaml", []byte(tt.old)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestErrors(t *testing.T) {
	call := func(change func(*trace.Event)) trace.Event {
		e := (&script{t, 100, 100}).event("getpid")
		change(&e)
		return e
	}
	for _, tt := range []struct {
		e    trace.Event
		want string
	}{
		{call(func(e *trace.Event) { e.Arch, e.Number = "i386", 20 }), "getpid of i386: calls of foreign architectures are refused always"},
		{call(func(e *trace.Event) { e.Arch = "vax" }), `unknown architecture "vax"`},
		{call(func(e *trace.Event) { e.Verdict = &trace.Verdict{Action: "sulk"} }), `the verdict "sulk" is none`},
	} {
		if err := learn.New(learn.Options{}).Add(&tt.e); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
	// What a policy refused is refused again; what it killed for is told.
	l := learn.New(learn.Options{})
	for _, action := range []string{"errno(EACCES)", "kill"} {
		e := call(func(e *trace.Event) { e.Verdict = &trace.Verdict{Action: action} })
		if err := l.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := l.Policy("", nil)
	if err != nil || !bytes.Contains(text, []byte("# 1 time: refused\n  - call: getpid\n    action: errno(EACCES)\n")) || len(l.Notes()) != 1 {
		t.Errorf("%v, %q\n%s", err, l.Notes(), text)
	}
}

// TestBounds: a trace of many files or processes ends in an error, and memory
// is not what limits it.
func TestBounds(t *testing.T) {
	s := &script{t, 100, 100}
	l := learn.New(learn.Options{})
	var err error
	n := 0
	for ; err == nil && n < 1<<20; n++ {
		e := s.event(fmt.Sprintf("openat dfd=AT_FDCWD filename=\"/srv/%d\" flags=O_RDONLY => 3", n))
		err = l.Add(&e)
	}
	if err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("after %d files: %v", n, err)
	}
	if _, err := l.Policy("", nil); err == nil || !strings.Contains(err.Error(), "--generalise") {
		t.Errorf("a policy of %d files: %v", n, err)
	}
	l = learn.New(learn.Options{})
	for n, err = 1, nil; err == nil && n < 1<<20; n++ {
		err = l.Add(&trace.Event{Kind: trace.BirthKind, PID: n, TID: n, Parent: 1})
	}
	if err == nil || !strings.Contains(err.Error(), "processes") {
		t.Errorf("after %d processes: %v", n, err)
	}
}

func TestGeneralise(t *testing.T) {
	s := &script{t, 100, 100}
	events := s.events(`
		openat dfd=AT_FDCWD filename="/srv/a/1" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/srv/a/2" flags=O_RDONLY => 3
		faccessat dfd=AT_FDCWD filename="/srv/a/3" mode=0 => 0
		openat dfd=AT_FDCWD filename="/srv/b/1" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/x" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/y" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/z" flags=O_RDONLY => 3
		openat dfd=AT_FDCWD filename="/srv/w/1" flags=O_WRONLY => 3
		openat dfd=AT_FDCWD filename="/srv/w/2" flags=O_WRONLY => 3
		openat dfd=AT_FDCWD filename="/srv/w/3" flags=O_WRONLY => 3`)
	text, _ := learned(t, learn.Options{Generalise: 3, Interpreters: func(string) []string { return nil }}, "", events)
	want := "read:\n  # 3 times: 3 files\n  - /srv/a\n  # 1 time\n  - /srv/b/1\n  # 1 time\n  - /x\n  # 1 time\n  - /y\n  # 1 time\n  - /z\nwrite:\n  # 1 time\n  - /srv/w/1\n"
	if !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// FuzzMerge: whatever a person has made of a policy, a merge allows what was
// seen, or says why not, and is the same when it is done again.
func FuzzMerge(f *testing.F) {
	f.Add(edited)
	f.Add(merged)
	f.Add("default: kill\nsyscalls:\n# 3 times\n- call: read\n  action: allow\n")
	f.Add("base: compute\nread:\n  # 1 time\n  - /a # x\n  # looked at, not opened\n\n  - /b\n\nscope: {signals: any}\n")
	f.Add("default: kill\n# 2 times\nconnect: [1, 2-4]\nsyscalls:\n  # 1 time: fd 1, x and more; y (3 E)\n  - call: write\n    action: allow\n")
	f.Fuzz(func(t *testing.T, old string) {
		s := &script{t, 100, 100}
		events := s.events("getpid => 100\nwrite fd=1 => 1\n" + `openat dfd=AT_FDCWD filename="/srv/in" flags=O_RDONLY => 3`)
		l := learn.New(learn.Options{Interpreters: func(string) []string { return nil }})
		for i := range events {
			if err := l.Add(&events[i]); err != nil {
				t.Fatal(err)
			}
		}
		l.End()
		text, err := l.Policy("old.yaml", []byte(old))
		if err != nil {
			if p := (*rules.ParseError)(nil); !errors.As(err, &p) && !strings.Contains(err.Error(), "bytes") {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		p := parsed(t, string(text))
		m := rules.NewMatcher(p, abi.Native())
		for i := range events {
			v := decide(t, m, &events[i], 100)
			runs := v.Action.Kind == rules.Allow || v.Action.Kind == rules.Log || v.Action.Kind == rules.Trace
			if byHand := v.Rule >= 0; !runs && !byHand {
				t.Fatalf("%s: %v\n%s", events[i].Name, v, text)
			}
		}
		again, err := learn.New(learn.Options{Interpreters: func(string) []string { return nil }}).Policy("old.yaml", text)
		if err != nil {
			t.Fatalf("merged again: %v\n%s", err, text)
		}
		if !bytes.Equal(again, text) {
			t.Fatalf("merged with nothing:\n%s\nit was\n%s", again, text)
		}
	})
}
