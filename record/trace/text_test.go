package trace_test

import (
	"strings"
	"testing"
	"time"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

const (
	atFDCWD = 0xffffff9c
	enoent  = 2
)

// one is a program of one thread: calls, an error, a signal, its end. What is
// wanted is what strace prints.
func one(p *program) {
	p.call(100, 0, "close", 3)
	p.after(400*time.Microsecond).fail(100, enoent, "openat", atFDCWD, 0x4000, 0)
	p.after(time.Millisecond).call(100, 6, "write", 1, 0x2000, 6)
	p.after(time.Second)
	p.enter(100, "read", 0, 0x2000, 100)
	p.after(250 * time.Microsecond)
	p.c.Return(100, 100, 6, false)
	p.c.Signal(100, 100, 15, nil)
	p.c.Stopped(100, 100, 19)
	if p.enter(100, "exit_group", 3) {
		p.t.Error("exit_group is waited for")
	}
	p.c.Ended(100, 100, exited(3))
}

func TestOne(t *testing.T) {
	same(t, textOf(t, trace.TextOptions{}, trace.Options{}, one), `close(3)                                = 0
openat(AT_FDCWD, "/no", O_RDONLY)       = -1 ENOENT (No such file or directory)
write(1, "hello\n", 6)                  = 6
read(0, "hello\n", 100)                 = 6
--- SIGTERM ---
--- stopped by SIGSTOP ---
exit_group(3)                           = ?
+++ exited with 3 +++
`)
}

// TestClocks: the stamps, in strace's places.
func TestClocks(t *testing.T) {
	for name, c := range map[string]struct {
		opt  trace.TextOptions
		want string
	}{
		"-t": {trace.TextOptions{Clock: trace.Seconds}, `10:32:16 close(3)                       = 0
10:32:16 openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
10:32:16 write(1, "hello\n", 6)         = 6
10:32:17 read(0, "hello\n", 100)        = 6
10:32:17 --- SIGTERM ---
`},
		"-tt": {trace.TextOptions{Clock: trace.Micros}, `10:32:16.791062 close(3)                = 0
10:32:16.791462 openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
10:32:16.792462 write(1, "hello\n", 6)  = 6
10:32:17.792462 read(0, "hello\n", 100) = 6
10:32:17.792712 --- SIGTERM ---
`},
		"-ttt -T": {trace.TextOptions{Clock: trace.Unix, Spent: true}, `1795343536.791062 close(3)              = 0 <0.000000>
1795343536.791462 openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory) <0.000000>
1795343536.792462 write(1, "hello\n", 6) = 6 <0.000000>
1795343537.792462 read(0, "hello\n", 100) = 6 <0.000250>
1795343537.792712 --- SIGTERM ---
`},
		"-r": {trace.TextOptions{Relative: true}, `     0.000000 close(3)                  = 0
     0.000400 openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
     0.001000 write(1, "hello\n", 6)    = 6
     1.000000 read(0, "hello\n", 100)   = 6
     0.000250 --- SIGTERM ---
`},
		"-r -tt, in a file": {trace.TextOptions{Relative: true, Clock: trace.Micros, Prefix: trace.Bare}, `100   10:32:16.791062 (+     0.000000) close(3) = 0
100   10:32:16.791462 (+     0.000400) openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
100   10:32:16.792462 (+     0.001000) write(1, "hello\n", 6) = 6
100   10:32:17.792462 (+     1.000000) read(0, "hello\n", 100) = 6
100   10:32:17.792712 (+     0.000250) --- SIGTERM ---
`},
		"-a 12": {trace.TextOptions{Column: 12}, `close(3)    = 0
openat(AT_FDCWD, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
write(1, "hello\n", 6) = 6
read(0, "hello\n", 100) = 6
--- SIGTERM ---
`},
	} {
		t.Run(name, func(t *testing.T) {
			got := textOf(t, c.opt, trace.Options{}, one)
			got, _, _ = strings.Cut(got, c.want[strings.LastIndex(c.want[:len(c.want)-1], "\n")+1:])
			same(t, got+c.want[strings.LastIndex(c.want[:len(c.want)-1], "\n")+1:], c.want)
		})
	}
}

// two interrupts calls as two threads do; what is wanted was read off strace.
func two(p *program) {
	p.enter(100, "read", 0, 0x2000, 100)
	p.c.Born(100, 101, 100)
	p.call(101, 0, "close", 3)
	p.enter(101, "close", 4)
	p.c.Return(100, 100, 6, false)
	p.enter(100, "write", 1, 0x2000, 6)
	p.c.Return(100, 101, 0, false)
	p.c.Return(100, 100, 6, false)
	p.enter(101, "read", 0, 0x2000, 100)
	p.enter(100, "futex", 0x1000, 0, 1, 0)
	p.c.Ended(100, 101, killed(9))
	p.c.Ended(100, 100, killed(9|0x80))
}

func TestTwo(t *testing.T) {
	same(t, textOf(t, trace.TextOptions{Attached: true}, trace.Options{}, two), `read(0, warder: Process 101 attached
 <unfinished ...>
[pid   101] close(3)                    = 0
[pid   101] close(4 <unfinished ...>
[pid   100] <... read resumed>"hello\n", 100) = 6
[pid   100] write(1, "hello\n", 6 <unfinished ...>
[pid   101] <... close resumed>)        = 0
[pid   100] <... write resumed>)        = 6
[pid   101] read(0,  <unfinished ...>
[pid   100] futex(0x1000, FUTEX_WAIT, 1, NULL <unfinished ...>
[pid   101] <... read resumed> <unfinished ...>) = ?
[pid   101] +++ killed by SIGKILL +++
<... futex resumed>)                    = ?
+++ killed by SIGKILL (core dumped) +++
`)
	same(t, textOf(t, trace.TextOptions{Prefix: trace.Bare}, trace.Options{}, two), `100   read(0,  <unfinished ...>
101   close(3)                          = 0
101   close(4 <unfinished ...>
100   <... read resumed>"hello\n", 100) = 6
100   write(1, "hello\n", 6 <unfinished ...>
101   <... close resumed>)              = 0
100   <... write resumed>)              = 6
101   read(0,  <unfinished ...>
100   futex(0x1000, FUTEX_WAIT, 1, NULL <unfinished ...>
101   <... read resumed> <unfinished ...>) = ?
101   +++ killed by SIGKILL +++
100   <... futex resumed>)              = ?
100   +++ killed by SIGKILL (core dumped) +++
`)
	same(t, textOf(t, trace.TextOptions{Prefix: trace.Bare, Hold: true}, trace.Options{}, two), `101   close(3)                          = 0
100   read(0, "hello\n", 100)           = 6
101   close(4)                          = 0
100   write(1, "hello\n", 6)            = 6
101   read(0,  <unfinished ...>)        = ?
101   +++ killed by SIGKILL +++
100   futex(0x1000, FUTEX_WAIT, 1, NULL) = ?
100   +++ killed by SIGKILL (core dumped) +++
`)
}

// TestBlocked: a call that blocks is seen before it returns.
func TestBlocked(t *testing.T) {
	out := new(paper)
	p := newProgram(t, trace.Options{Sink: trace.NewText(out, trace.TextOptions{})})
	p.enter(100, "read", 0, 0x2000, 100)
	same(t, out.String(), "read(0, ")
	p.c.Return(100, 100, 6, false)
	same(t, out.String(), `read(0, "hello\n", 100)                 = 6`+"\n")
}

// TestExecve: a thread takes its process over by an execve; the lines are
// strace's for such a program.
func TestExecve(t *testing.T) {
	script := func(p *program) {
		p.c.Born(100, 101, 100)
		p.c.Born(100, 102, 100)
		p.enter(100, "futex", 0x1000, 0, 1, 0)
		p.enter(101, "read", 3, 0x2000, 1)
		p.enter(102, "execve", 0x1000, 0, 0)
		p.c.Executed(100, 102)
		p.c.Return(100, 100, 0, false)
		p.call(100, 0, "close", 3)
		if n := p.c.Live(); n != 1 {
			p.t.Errorf("%d threads are left", n)
		}
	}
	same(t, textOf(t, trace.TextOptions{}, trace.Options{}, script), `[pid   100] futex(0x1000, FUTEX_WAIT, 1, NULL <unfinished ...>
[pid   101] read(3,  <unfinished ...>
[pid   102] execve("/etc/passwd", NULL, NULL <unfinished ...>
[pid   100] <... futex resumed>)        = ?
[pid   101] <... read resumed> <unfinished ...>) = ?
[pid   101] +++ exited with 0 +++
+++ superseded by execve in pid 102 +++
<... execve resumed>)                   = 0
close(3)                                = 0
`)
	// With no line in between, the execve's own ends with the new id.
	same(t, textOf(t, trace.TextOptions{Prefix: trace.Bare}, trace.Options{}, func(p *program) {
		p.c.Born(100, 101, 100)
		p.enter(101, "execve", 0x1000, 0, 0)
		p.c.Executed(100, 101)
		p.c.Return(100, 100, 0, false)
	}), `101   execve("/etc/passwd", NULL, NULL <pid changed to 100 ...>
100   +++ superseded by execve in pid 101 +++
100   <... execve resumed>)             = 0
`)
	quiet, err := trace.ParseQuiet("exit,superseded")
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, quiet.Text(trace.TextOptions{}), trace.Options{}, script); strings.Contains(got, "+++") {
		t.Error(got)
	}
}

// TestVerdicts: what a policy refused is marked, and ends at its entry.
func TestVerdicts(t *testing.T) {
	policy := &rules.Policy{Name: "p", Source: "p.yaml", Rules: []rules.Rule{{Line: 7}, {Line: 9}}}
	got := textOf(t, trace.TextOptions{}, trace.Options{Policy: policy}, func(p *program) {
		for _, v := range []rules.Verdict{
			{Action: rules.Action{Kind: rules.Errno, Errno: 1}, Rule: 0},
			{Action: rules.Action{Kind: rules.Allow}, Rule: 1},
			{Action: rules.Action{Kind: rules.Trace}, Rule: 1},
			{Action: rules.Action{Kind: rules.Kill}, Rule: -1, Reason: rules.ReasonDefault},
		} {
			if p.c.Enter(100, 100, nativeCall(t, "openat", atFDCWD, 0x1000, 0), &v) {
				p.c.Return(100, 100, 3, false)
			} else if !v.Action.Refuses() {
				t.Errorf("%s is not waited for", v.Action)
			}
		}
		p.c.Ended(100, 100, killed(9))
	})
	same(t, got, `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = -1 EPERM (Operation not permitted) (errno(EPERM): p.yaml:7)
openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3
openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3
openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = ? (kill: p.yaml: default)
+++ killed by SIGKILL +++
`)
}

// TestMode: i386's calls of a native program.
func TestMode(t *testing.T) {
	got := textOf(t, trace.TextOptions{Attached: true}, trace.Options{}, func(p *program) {
		p.call(100, 100, "getpid")
		p.c.Enter(100, 100, &rules.Call{Arch: abi.I386, Nr: 20}, nil)
		p.c.Return(100, 100, 100, false)
		p.call(100, 100, "getpid")
	})
	same(t, got, `getpid()                                = 100
warder: [ Process PID=100 runs in 32 bit mode. ]
getpid()                                = 100
warder: [ Process PID=100 runs in 64 bit mode. ]
getpid()                                = 100
`)
}

// TestStack: frames stand below the line, in strace's form.
func TestStack(t *testing.T) {
	stack := func(tid int) []string {
		if tid != 100 {
			t.Errorf("the stack of %d", tid)
		}
		return []string{"/lib/libc.so.6(read+0xd) [0xf803d]", "/tmp/a(main+0x2a) [0x1220]"}
	}
	got := textOf(t, trace.TextOptions{}, trace.Options{Stack: stack}, func(p *program) {
		p.call(100, 100, "getpid")
		p.enter(100, "exit_group", 0)
	})
	same(t, got, `getpid()                                = 100
 > /lib/libc.so.6(read+0xd) [0xf803d]
 > /tmp/a(main+0x2a) [0x1220]
exit_group(0)                           = ?
 > /lib/libc.so.6(read+0xd) [0xf803d]
 > /tmp/a(main+0x2a) [0x1220]
`)
}

// TestRefused: an output that refuses a first half gets the whole line later,
// and one that refuses the rest gets no torn lines.
func TestRefused(t *testing.T) {
	out := new(paper)
	p := newProgram(t, trace.Options{Sink: trace.NewText(out, trace.TextOptions{Prefix: trace.Bare})})
	out.refuse = true
	p.enter(100, "write", 1, 0x2000, 6)
	out.refuse = false
	p.c.Return(100, 100, 6, false)
	p.enter(100, "write", 2, 0x2000, 6)
	p.c.Born(100, 101, 100)
	out.refuse = true
	p.enter(101, "close", 3)
	out.refuse = false
	p.c.Return(100, 100, 6, false)
	p.c.Return(100, 101, 0, false)
	same(t, out.String(), `100   write(1, "hello\n", 6)            = 6
100   write(2, "hello\n", 6100   <... write resumed>)              = 6
101   close(3)                          = 0
`) // the queue ends the open line where something was dropped
}
