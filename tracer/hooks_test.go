package tracer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/memory"
	"warder/rules"
	"warder/tracer"
)

var hookEngines = []tracer.Engine{tracer.Hybrid, tracer.Ptrace}

// argument gives the address of argv[i] of a program that has not begun: its
// stack is argc, then the pointers (System V ABI).
func argument(tr *tracer.Tracee, i int) (*memory.Space, uint64, error) {
	r, err := tr.Regs()
	if err != nil {
		return nil, 0, err
	}
	m, err := tr.Memory()
	if err != nil {
		return nil, 0, err
	}
	var word [8]byte
	if _, err := m.ReadAt(word[:], int64(r.SP())+8+8*int64(i)); err != nil {
		return nil, 0, err
	}
	var at uint64
	for i := range word {
		at |= uint64(word[i]) << (8 * i)
	}
	return m, at, nil
}

// TestLiveEntryMemory changes an argument before the program reads it.
func TestLiveEntryMemory(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		policy := profile(t, "runtime")
		calls := 0
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "exitcode"), Args: args("7"), Engine: engine, Policy: policy,
			Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) {
				calls++
				m, at, err := argument(tr, 1)
				if err != nil {
					t.Error(err)
					return
				}
				if s, err := m.String(at, 16); s != "7" || err != nil {
					t.Errorf("argv[1] is %q, %v", s, err)
				}
				if _, err := m.WriteAt([]byte("9"), int64(at)); err != nil {
					t.Error(err)
				}
			}},
		})
		if fate(r) != "exited 9" || calls != 1 {
			t.Errorf("%s: %s after %d calls of Entry, want exited 9 after one", engine, fate(r), calls)
		}
	}
}

// TestLiveEntryRegs changes a register that the program exits with.
func TestLiveEntryRegs(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range hookEngines {
		for _, value := range []uint64{0, 77} {
			r, _ := hold(t, tracer.Config{
				Path: testprog.Program(t, "entryreg"), Engine: engine,
				Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) {
					regs, err := tr.Regs()
					if err != nil {
						t.Error(err)
						return
					}
					if rbx, ok := regs.Get("rbx"); rbx != 0 || !ok {
						t.Errorf("rbx begins with %#x", rbx)
					}
					if err := regs.Set("rbx", value); err != nil {
						t.Error(err)
					}
					if err := tr.SetRegs(regs); err != nil {
						t.Error(err)
					}
					all, err := tr.Registers()
					if err != nil {
						t.Error(err)
						return
					}
					if v, err := all.Get("bl"); v.Uint64() != value || err != nil {
						t.Errorf("bl is %v, %v", v, err)
					}
					if v, err := all.Get("mxcsr"); v.Uint64() != 0x1f80 || err != nil {
						t.Errorf("mxcsr begins with %v, %v", v, err)
					}
				}},
			})
			if r.ExitCode != int(value) {
				t.Errorf("%s: %s, want status %d", engine, fate(r), value)
			}
		}
	}
}

// TestLiveTraceeGone: what a hook was lent is of no use after it.
func TestLiveTraceeGone(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	var kept []*tracer.Tracee
	check := func(when string, tracees ...*tracer.Tracee) {
		for _, tr := range tracees {
			_, err1 := tr.Regs()
			_, err2 := tr.Memory()
			_, err3 := tr.Registers()
			if !errors.Is(err1, tracer.ErrGone) || !errors.Is(err2, tracer.ErrGone) || !errors.Is(err3, tracer.ErrGone) {
				t.Errorf("%s: %v, %v, %v, want ErrGone", when, err1, err2, err3)
			}
		}
	}
	cfg := tracer.Config{Path: testprog.Program(t, "hello-static"), Policy: parsed(t, traceAll)}
	cfg.Hooks.Entry = func(tr *tracer.Tracee) { kept = append(kept, tr) }
	cfg.Hooks.Call = func(tr *tracer.Tracee, _ *tracer.CallStop) {
		check("in a later hook", kept...)
		if _, err := tr.Regs(); err != nil {
			t.Errorf("in the hook: %v", err)
		}
		kept = append(kept, tr)
	}
	r, _ := hold(t, cfg)
	if r.Outcome != tracer.OK || len(kept) < 5 {
		t.Fatalf("%s, %d hooks", fate(r), len(kept))
	}
	check("after the session", kept...)
	regs, err := kept[0].Regs()
	if regs != nil || err == nil {
		t.Errorf("registers after the session: %v, %v", regs, err)
	}
	if err := kept[0].SetRegs(nil); !errors.Is(err, tracer.ErrGone) {
		t.Errorf("SetRegs after the session: %v", err)
	}
}

// TestLiveCallHook sees the calls that a policy says to trace, and no others,
// and changes what one does.
func TestLiveCallHook(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	policy := onTopOf(t, "compute", "syscalls:\n  - {calls: [exit_group, getppid], action: trace}\n  - {call: getpid, action: log}\n")
	for _, engine := range hookEngines {
		var seen []string
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "exitcode-static"), Args: args("7"), Engine: engine, Policy: policy,
			Hooks: tracer.Hooks{Call: func(tr *tracer.Tracee, c *tracer.CallStop) {
				name, _ := c.Call.Arch.Name(c.Call.Nr)
				seen = append(seen, fmt.Sprintf("%s(%d) %s", name, c.Call.Args[0], c.Verdict.Action))
				regs, err := tr.Regs()
				if err != nil {
					t.Error(err)
					return
				}
				if rdi, _ := regs.Get("rdi"); rdi != c.Call.Args[0] {
					t.Errorf("rdi is %d, the call's first argument %d", rdi, c.Call.Args[0])
				}
				if err := errors.Join(regs.Set("rdi", 5), tr.SetRegs(regs)); err != nil {
					t.Error(err)
				}
			}},
		})
		if want := []string{"exit_group(7) trace"}; !slices.Equal(seen, want) || fate(r) != "exited 5" {
			t.Errorf("%s: saw %q and %s, want %q and exited 5", engine, seen, fate(r), want)
		}
	}
}

// TestLiveViolationHook is shown the violation while the call can still be
// looked at; the call does not run.
func TestLiveViolationHook(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range hookEngines {
		var seen []*tracer.Violation
		r, out := hold(t, tracer.Config{
			Path: "/bin/cat", Args: []string{"cat", "/etc/passwd"}, Engine: engine,
			Hooks: tracer.Hooks{Violation: func(tr *tracer.Tracee, v *tracer.Violation) {
				seen = append(seen, v)
				if tr.TID() != v.TID || tr.PID() != v.PID {
					t.Errorf("thread %d of %d, violation by %d of %d", tr.TID(), tr.PID(), v.TID, v.PID)
				}
				m, err := tr.Memory()
				if err != nil {
					t.Error(err)
					return
				}
				if s, err := m.String(v.Args[1], 64); s != "/etc/passwd" || err != nil {
					t.Errorf("the path is %q, %v", s, err)
				}
			}},
		})
		if len(seen) != 1 || seen[0] != r.Violation || out != "" {
			t.Fatalf("%s: %d violations seen, %s, printed %q", engine, len(seen), fate(r), out)
		}
		v := r.Violation
		if got, want := v.Call.String(), `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)`; got != want {
			t.Errorf("%s: %s, want %s", engine, got, want)
		}
		if v.Arch != "x86_64" || v.IP == 0 || !strings.Contains(v.Where, "libc") || !strings.Contains(v.Rule, "compute.yaml:") {
			t.Errorf("%s: arch %s, at %#x in %q, by %q", engine, v.Arch, v.IP, v.Where, v.Rule)
		}
	}
}

// TestLiveObserver: what is counted adds up.
func TestLiveObserver(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range hookEngines {
		w := &watcher{}
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "threads"), Engine: engine, Policy: parsed(t, allowAll), Observer: w,
		})
		total := 0
		for _, n := range w.stops {
			total += n
		}
		if r.Outcome != tracer.OK || uint64(total) != r.Stops || w.ends != 1 {
			t.Errorf("%s: %s, %d stops seen, %d reported, %d ends", engine, fate(r), total, r.Stops, w.ends)
		}
		if w.stops[tracer.ForkStop] != 8 || w.stops[tracer.EventStop] < 8 || w.stops[tracer.UnknownStop] != 0 {
			t.Errorf("%s: eight threads made stops %v", engine, w.stops)
		}
		if calls := w.calls[rules.Allow]; (engine == tracer.Ptrace) != (calls > 50) {
			t.Errorf("%s: %d calls were decided at a stop", engine, calls)
		}
	}
}

func TestLiveInterrupted(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp, tracer.Strict} {
		why := errors.New("the operator left")
		for _, after := range []time.Duration{0, 30 * ms} {
			ctx, cancel := context.WithCancelCause(t.Context())
			if after == 0 {
				cancel(why)
			} else {
				time.AfterFunc(after, func() { cancel(why) })
			}
			var r *tracer.Result
			var err error
			if engine == tracer.Strict {
				code, err := tracer.RunCode(ctx, &tracer.Config{}, []byte{0xeb, 0xfe})
				if err != nil {
					t.Fatal(err)
				}
				r = code.Result
			} else {
				r, _, err = tryHoldContext(t, ctx, tracer.Config{Path: testprog.Program(t, "sleeper"), Engine: engine, Policy: profile(t, "runtime")})
				if err != nil {
					t.Fatal(err)
				}
			}
			if r.Outcome != tracer.Failed || r.Message != "interrupted: the operator left" || r.ExitCode != -1 {
				t.Errorf("%s, cancelled after %v: %s, exit code %d, %q", engine, after, fate(r), r.ExitCode, r.Message)
			}
			cancel(nil)
			nothingHeld(t)
		}
	}
}

// TestLivePanic: a panic in a hook ends its session, and nothing else.
func TestLivePanic(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for _, engine := range hookEngines {
		for name, hooks := range map[string]tracer.Hooks{
			"entry":     {Entry: func(*tracer.Tracee) { panic("mistake") }},
			"call":      {Call: func(*tracer.Tracee, *tracer.CallStop) { panic("mistake") }},
			"violation": {Violation: func(*tracer.Tracee, *tracer.Violation) { panic("mistake") }},
		} {
			policy := parsed(t, traceAll)
			if name == "violation" {
				policy = onTopOf(t, "compute", "syscalls:\n  - {call: exit_group, action: kill}\n")
			}
			r, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "forkstorm"), Engine: engine, Policy: policy, Hooks: hooks})
			if err == nil || !strings.Contains(err.Error(), "BUG") || !strings.Contains(err.Error(), "mistake") || r != nil {
				t.Errorf("%s, panic in %s: %v, %v", engine, name, r, err)
			}
			nothingHeld(t)
			if r, out := hold(t, tracer.Config{Path: testprog.Program(t, "hello"), Engine: engine}); r.Outcome != tracer.OK {
				t.Errorf("%s, the session after a panic in %s: %s %q", engine, name, fate(r), out)
			}
		}
	}
}

// TestLiveKilledInHook: a tracee may die while a hook looks at it. What the
// hook then asks fails; the session does not.
func TestLiveKilledInHook(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	kill := func(tr *tracer.Tracee) {
		_ = unix.Kill(tr.PID(), unix.SIGKILL)
		for range 1000 { // until it is out of its stop
			if _, err := tr.Regs(); err != nil {
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
		t.Error("a killed tracee still shows its registers")
	}
	for _, engine := range hookEngines {
		for name, hooks := range map[string]tracer.Hooks{
			"entry":     {Entry: kill},
			"call":      {Call: func(tr *tracer.Tracee, _ *tracer.CallStop) { kill(tr) }},
			"violation": {Violation: func(tr *tracer.Tracee, _ *tracer.Violation) { kill(tr) }},
		} {
			policy, want := parsed(t, traceAll), "signaled SIGKILL"
			if name == "violation" {
				policy, want = onTopOf(t, "compute", "syscalls:\n  - {call: exit_group, action: kill}\n"), "policy-violation exit_group"
			}
			r, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "hello"), Engine: engine, Policy: policy, Hooks: hooks})
			if err != nil || fate(r) != want {
				t.Errorf("%s, killed in %s: %v, %v", engine, name, r, err)
			}
		}
	}
}
