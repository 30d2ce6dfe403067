package tracer_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// noted copies a static program with the note of Go's linker put in the place
// of another note, so that it is held by notifications as Go's programs are.
// It is "" for a program with a loader, which is not.
func noted(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		return "" // a script, or no ELF file by intent
	}
	const header, size = 64, 56 // Elf64_Ehdr, Elf64_Phdr
	at := -1
	for i, p := range f.Progs {
		switch p.Type {
		case elf.PT_INTERP:
			return ""
		case elf.PT_NOTE, elf.PT_GNU_PROPERTY, elf.PT_GNU_STACK:
			if at < 0 || f.Progs[at].Type == elf.PT_GNU_STACK {
				at = i
			}
		}
	}
	if at < 0 {
		t.Fatalf("%s has no header to spare", path)
	}
	note := append(binary.LittleEndian.AppendUint32(nil, 4), 4, 0, 0, 0, 4, 0, 0, 0, 'G', 'o', 0, 0, 'i', 'd', 0, 0)
	for len(text)%8 != 0 {
		text = append(text, 0)
	}
	h := text[int(binary.LittleEndian.Uint64(text[32:]))+at*size:]
	binary.LittleEndian.PutUint32(h, uint32(elf.PT_NOTE))
	binary.LittleEndian.PutUint64(h[8:], uint64(len(text)))
	binary.LittleEndian.PutUint64(h[32:], uint64(len(note)))
	binary.LittleEndian.PutUint64(h[40:], uint64(len(note)))
	dir := filepath.Join(testprog.Scratch(t), "go")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(copied, append(text, note...), 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// notified reports whether a session's program was let go.
func notified(r *tracer.Result) bool { return !slices.Contains(r.Walls, tracer.WallTracer) }

// TestLiveAttacksNotified holds the corpus as programs of Go: the outcomes are
// those of traced sessions.
func TestLiveAttacksNotified(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	testprog.CompileAll(t)
	compute := profile(t, "compute")
	for _, a := range testprog.Attacks(t) {
		path := noted(t, testprog.Attack(t, a.Name))
		if path == "" {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			want := a.Expected("compute", "hybrid")
			r, out := hold(t, tracer.Config{
				Path: path, Args: []string{a.Name, testprog.Scratch(t)},
				Policy: compute, Limits: attackLimits(a, tracer.Hybrid),
			})
			if got := fate(r); !expected(got, want) {
				t.Errorf("%s: got %s, want %s\n%s\n%s", a.Claim, got, strings.Join(want, " | "), r.Message, out[:min(len(out), 300)])
			}
			if !notified(r) {
				t.Error("it was traced")
			}
		})
	}
}

// TestLiveNotified: a program of Go's is traced only for a caller who wants it
// so, and makes no stop for its signals otherwise.
func TestLiveNotified(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	const rounds = 2000
	path := noted(t, testprog.Program(t, "preempt"))
	for _, c := range []struct {
		name   string
		cfg    tracer.Config
		traced bool
	}{
		{"notified", tracer.Config{}, false},
		{"hooks", tracer.Config{Hooks: tracer.Hooks{Entry: func(*tracer.Tracee) {}, Violation: func(*tracer.Tracee, *tracer.Violation) {}}}, false},
		{"runtime", tracer.Config{Policy: profile(t, "runtime")}, false},
		{"required", tracer.Config{Require: []tracer.Wall{tracer.WallTracer}}, true},
		{"watched", tracer.Config{Watch: tracer.Watch{Exit: true}, Hooks: tracer.Hooks{Event: func(*tracer.Frozen, *tracer.Event) {}}}, true},
		{"logging", tracer.Config{Policy: onTopOf(t, "compute", "syscalls: [{call: getpid, action: log}]\n")}, true},
		{"ptrace", tracer.Config{Engine: tracer.Ptrace}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &watcher{}
			c.cfg.Path, c.cfg.Args, c.cfg.Limits, c.cfg.Observer = path, args("2000"), unhurried, w
			r, out := hold(t, c.cfg)
			if r.Outcome != tracer.OK || out != "2000\n" {
				t.Fatalf("%s %s, printed %q", fate(r), r.Message, out)
			}
			if notified(r) == c.traced {
				t.Errorf("notified: %v", !c.traced)
			}
			if c.traced != (r.Stops >= 2*rounds) || !c.traced && r.Stops > 20 {
				t.Errorf("%d stops, traced: %v", r.Stops, c.traced)
			}
			if n := w.stops[tracer.Notification]; !c.traced && uint64(n) != r.Stops || c.traced && n != 0 {
				t.Errorf("%d notifications of %d stops", n, r.Stops)
			}
		})
	}
}

// TestLiveNotifiedViolation: what is reported of a violation is what a traced
// session says of it, and its hook sees the registers of the call.
func TestLiveNotifiedViolation(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, name := range [...]string{"open-openat", "kill-parent"} {
		path := noted(t, testprog.Attack(t, name))
		var said [2]string
		for i, require := range [][]tracer.Wall{nil, {tracer.WallTracer}} {
			seen := 0
			r, out := hold(t, tracer.Config{
				Path: path, Args: []string{name, "/nowhere"}, Require: require, Limits: unhurried,
				Hooks: tracer.Hooks{Violation: func(tr *tracer.Tracee, v *tracer.Violation) {
					seen++
					regs, err := tr.Regs()
					if err != nil || regs.PC() != v.IP || tr.TID() != v.TID {
						t.Errorf("%s: thread %d at %v, violation of thread %d at %#x, %v", name, tr.TID(), regs, v.TID, v.IP, err)
					}
				}},
			})
			if r.Outcome != tracer.PolicyViolation || seen != 1 || notified(r) != (i == 0) {
				t.Fatalf("%s: %s, the hook was called %d times, notified: %v\n%s", name, fate(r), seen, notified(r), out)
			}
			v := *r.Violation
			v.PID, v.TID = 0, 0
			said[i] = strings.ReplaceAll(v.String(), path, "") + " " + v.Arch
			if name == "kill-parent" { // whose parent is another: the stub, or this process
				_, said[i], _ = strings.Cut(said[i], ",")
			}
		}
		if said[0] != said[1] {
			t.Errorf("%s: notified %q, traced %q", name, said[0], said[1])
		}
	}
}

// TestLiveNotifiedFstat: the call that is answered in the program's place is
// answered as the kernel answers it.
func TestLiveNotifiedFstat(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	r, out := hold(t, tracer.Config{Path: noted(t, testprog.Program(t, "fstats")), Limits: unhurried})
	if out != "10\n" || r.Outcome != tracer.OK || !notified(r) || r.Stops < 11 {
		t.Errorf("%s, printed %q, %d notifications", fate(r), out, r.Stops)
	}
}

// TestLiveNotifiedInterrupted: a notification whose caller is interrupted
// neither runs its call nor keeps the session.
func TestLiveNotifiedInterrupted(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	const rounds = 5000
	r, out := hold(t, tracer.Config{
		Path: noted(t, testprog.Program(t, "interrupted")), Args: args("5000"), Limits: unhurried,
		Hooks: tracer.Hooks{Violation: func(*tracer.Tracee, *tracer.Violation) {}},
	})
	var absent, interrupted int
	if _, err := fmt.Sscan(out, &absent, &interrupted); err != nil || absent+interrupted != rounds || absent == 0 {
		t.Errorf("printed %q", out)
	}
	if !notified(r) || fate(r) != "policy-violation open" && fate(r) != "policy-violation openat" {
		t.Errorf("%s %s", fate(r), r.Message)
	}
	t.Logf("%d of %d calls were interrupted", interrupted, rounds)
}

// TestLiveNotifiedSIGSYS: a SIGSYS that a program sends itself, in whatever
// way, is told from the kernel's for what the filter refuses.
func TestLiveNotifiedSIGSYS(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.I386)
	timer := noted(t, testprog.Program(t, "timersys"))
	for _, c := range []struct{ path, arg, want string }{
		{timer, "31", "signaled SIGSYS"},
		{timer, "14", "signaled SIGALRM"},
		{noted(t, testprog.Attack(t, "forge-sys")), "", "signaled SIGSYS"},
		{noted(t, testprog.Attack(t, "int80-getpid")), "", "policy-violation"},
		{noted(t, testprog.Attack(t, "tgkill-preempt")), "", "policy-violation"},
		{noted(t, testprog.Program(t, "urgent")), "", "policy-violation"},
	} {
		r, _ := hold(t, tracer.Config{Path: c.path, Args: args(c.arg), Limits: unhurried})
		if got := fate(r); !expected(got, []string{c.want}) || !notified(r) {
			t.Errorf("%s %s: %s, want %s", filepath.Base(c.path), c.arg, got, c.want)
		}
	}
}

// TestLiveNotifiedAtOnce: sessions share their worker's listener one after
// another, and nobody else's.
func TestLiveNotifiedAtOnce(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	paths := [...]string{
		noted(t, testprog.Program(t, "fstats")), noted(t, testprog.Attack(t, "open-openat")),
		noted(t, testprog.Attack(t, "forge-sys")), testprog.Program(t, "emptylibc"),
	}
	want := [...]string{"exited 0", "policy-violation openat", "signaled SIGSYS", "exited 0"}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 40 {
				k := (i + n) % len(paths)
				r, out := hold(t, tracer.Config{Path: paths[k], Limits: unhurried})
				if got := fate(r); got != want[k] || notified(r) != (k < 3) {
					t.Errorf("%s: %s %s, want %s, printed %q", filepath.Base(paths[k]), got, r.Message, want[k], out)
				}
			}
		})
	}
	group.Wait()
}

// TestLiveNotifiedTwoEnds: a violation in one thread while another uses up the
// output budget. Whichever comes first, the session ends.
func TestLiveNotifiedTwoEnds(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	path := noted(t, testprog.Program(t, "floodopen"))
	seen := map[string]int{}
	for i := range 300 {
		r, _ := hold(t, tracer.Config{
			Path: path, Args: args(fmt.Sprint(i * 3000)), Stdout: io.Discard, Stderr: io.Discard,
			Limits: tracer.Limits{Wall: 20 * time.Second, Output: 1 << 20},
			Hooks:  tracer.Hooks{Violation: func(*tracer.Tracee, *tracer.Violation) {}},
		})
		seen[r.Outcome.String()]++
	}
	if seen["policy-violation"]+seen["output-limit"] != 300 || len(seen) != 2 {
		t.Errorf("sessions ended by %v, want both violations and the output limit, and nothing else", seen)
	}
}
