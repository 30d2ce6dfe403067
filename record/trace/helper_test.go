package trace_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/decode"
	"warder/record/trace"
	"warder/rules"
)

// space is a tracee's memory: pages by address.
type space map[int64]string

func (s space) ReadAt(p []byte, addr int64) (int, error) {
	for at, text := range s {
		if addr >= at && addr < at+int64(len(text)) {
			n := copy(p, text[addr-at:])
			if n < len(p) {
				return n, errors.New("hole")
			}
			return n, nil
		}
	}
	return 0, errors.New("hole")
}

// program drives a collector as a session would, with a clock of its own.
type program struct {
	t      testing.TB
	c      *trace.Collector
	now    time.Time
	memory space
}

// start is when the clock of a program starts.
var start = time.Date(2026, 11, 22, 10, 32, 16, 791062000, time.UTC)

func newProgram(t testing.TB, opt trace.Options) *program {
	t.Helper()
	p := &program{t: t, now: start, memory: space{
		0x1000: "/etc/passwd\x00", 0x2000: "hello\n\x00", 0x3000: strings.Repeat("x", 100) + "\x00", 0x4000: "/no\x00",
	}}
	opt.Now = func() time.Time { return p.now }
	opt.Memory = func(int) decode.Memory { return p.memory }
	p.c = trace.NewCollector(opt)
	return p
}

// after lets time pass.
func (p *program) after(d time.Duration) *program {
	p.now = p.now.Add(d)
	return p
}

func number(t testing.TB, name string) uint32 {
	t.Helper()
	nr, ok := abi.Native().Number(name)
	if !ok {
		t.Fatalf("no call %s on %s", name, abi.Native())
	}
	return nr
}

func nativeCall(t testing.TB, name string, args ...uint64) *rules.Call {
	t.Helper()
	c := &rules.Call{Arch: abi.Native(), Nr: number(t, name)}
	copy(c.Args[:], args)
	return c
}

// enter begins a call, and tells whether its return is waited for.
func (p *program) enter(tid int, name string, args ...uint64) bool {
	p.t.Helper()
	return p.c.Enter(100, tid, nativeCall(p.t, name, args...), nil)
}

func (p *program) call(tid int, value uint64, name string, args ...uint64) {
	p.t.Helper()
	if !p.enter(tid, name, args...) {
		p.t.Fatalf("%s is not waited for", name)
	}
	p.c.Return(100, tid, value, false)
}

func (p *program) fail(tid int, errno uint64, name string, args ...uint64) {
	p.t.Helper()
	if !p.enter(tid, name, args...) {
		p.t.Fatalf("%s is not waited for", name)
	}
	p.c.Return(100, tid, errno, true)
}

// exited and killed are wait statuses.
func exited(code int) unix.WaitStatus { return unix.WaitStatus(code << 8) }
func killed(sig int) unix.WaitStatus  { return unix.WaitStatus(sig) }

// paper is an output that takes all, until it is full.
type paper struct {
	strings.Builder
	refuse bool
}

func (p *paper) Put(b []byte) bool {
	if p.refuse {
		return false
	}
	p.Write(b)
	return true
}

// textOf runs a script against the text.
func textOf(t testing.TB, opt trace.TextOptions, more trace.Options, script func(p *program)) string {
	t.Helper()
	out := new(paper)
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	more.Sink = trace.NewText(out, opt)
	p := newProgram(t, more)
	script(p)
	p.c.Close()
	return out.String()
}

func same(t testing.TB, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// safe is a buffer that two goroutines may use.
type safe struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
