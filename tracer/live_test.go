package tracer_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/regs"
	"warder/tracer"
)

// start begins a session whose program writes to the returned buffer.
func start(t *testing.T, cfg tracer.Config) (*tracer.Session, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	cfg.Stdout = out
	s, err := tracer.Start(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tracer.CloseIdle)
	return s, out
}

// TestLiveDo looks at programs while they run, makes calls in each of their
// threads, and lets them end: they are none the wiser.
func TestLiveDo(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	forks := parsed(t, anyCall)
	for _, engine := range hookEngines {
		for _, c := range []struct {
			program string
			args    []string
			cfg     tracer.Config
		}{
			{"threads", []string{"10"}, tracer.Config{}},
			{"forkstorm", []string{"100"}, tracer.Config{Policy: forks}},
			{"restart", nil, tracer.Config{}},
			{"zombieleader", nil, tracer.Config{}},
			{"sieve", []string{"3000000"}, tracer.Config{}},
		} {
			t.Run(engine.String()+"/"+c.program, func(t *testing.T) {
				c.cfg.Path, c.cfg.Engine, c.cfg.Limits = testprog.Program(t, c.program), engine, unhurried
				c.cfg.Args = append([]string{c.program}, c.args...)
				want, wantOut := hold(t, c.cfg)
				looks, calls := 0, 0
				// It may be over before the first look.
				for try := 0; calls == 0 && try < 10; try++ {
					s, out := start(t, c.cfg)
					for {
						err := s.Do(func(f *tracer.Frozen) error {
							looks++
							for _, st := range f.Threads() {
								r, err := regs.Read(st.TID)
								if err != nil {
									return err
								}
								call := []tracer.Call{{Nr: unix.SYS_GETTID}}
								if err := f.Inject(st.TID, call); err != nil {
									return err
								}
								if call[0].Result != int64(st.TID) {
									return fmt.Errorf("gettid in thread %d: %d", st.TID, call[0].Result)
								}
								calls++
								after, err := regs.Read(st.TID)
								if err != nil {
									return err
								}
								if d := regs.Diff(r, after); len(d) > 0 && !st.InCall {
									return fmt.Errorf("thread %d was changed: %v", st.TID, d)
								}
							}
							return nil
						})
						if errors.Is(err, tracer.ErrGone) || errors.Is(err, unix.ESRCH) {
							break
						}
						if err != nil {
							t.Fatal(err)
						}
						<-time.After(2 * time.Millisecond) // it has to get on, too
					}
					r, err := s.Wait()
					if err != nil {
						t.Fatal(err)
					}
					if fate(r) != fate(want) || out.String() != wantOut && c.program != "restart" { // which prints how long it slept
						t.Errorf("after %d looks: %s %s %q, without them %s %q", looks, fate(r), r.Message, out, fate(want), wantOut)
					}
				}
				if looks == 0 || calls == 0 {
					t.Errorf("%d looks, %d calls", looks, calls)
				}
			})
		}
	}
}

// TestLiveEvents watches programs: what each hook is told of, in order.
func TestLiveEvents(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	for _, engine := range hookEngines {
		for _, c := range []struct {
			name    string
			program string
			args    []string
			cfg     tracer.Config
			want    []string
			fate    string
		}{
			{"entry and exit", "hello", nil, tracer.Config{Watch: tracer.Watch{Entry: true, Exit: true}}, []string{"entry", "exit"}, "exited 0"},
			{"static", "hello-static", nil, tracer.Config{Watch: tracer.Watch{Entry: true, Exit: true}}, []string{"entry", "exit"}, "exited 0"},
			{"call", "hello", nil, tracer.Config{Watch: tracer.Watch{Calls: []string{"write", "execve"}}}, []string{"syscall"}, "exited 0"},
			{"signal", "raise", args("15"), tracer.Config{Watch: tracer.Watch{Signals: []int{15}}}, []string{"signal"}, "signaled SIGTERM"},
			{"violation", "forkstorm", nil, tracer.Config{Watch: tracer.Watch{Violation: true}}, []string{"violation"}, "policy-violation clone"},
			{"limit", "spin", args("10000"), tracer.Config{Watch: tracer.Watch{Limit: true}, Limits: tracer.Limits{CPU: 50 * time.Millisecond}}, []string{"limit"}, "cpu-time-limit"},
			{"every", "spin", args("10000"), tracer.Config{Watch: tracer.Watch{Every: 20 * time.Millisecond}, Limits: tracer.Limits{CPU: 100 * time.Millisecond}}, []string{"every", "every"}, "cpu-time-limit"},
		} {
			t.Run(engine.String()+"/"+c.name, func(t *testing.T) {
				var seen []string
				c.cfg.Path, c.cfg.Engine, c.cfg.Args = testprog.Program(t, c.program), engine, c.args
				c.cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
					seen = append(seen, e.Kind.String())
					all := f.Threads()
					if len(all) == 0 || e.TID != 0 && all[0].TID != e.TID {
						t.Errorf("%s of thread %d: stopped are %v", e.Kind, e.TID, all)
						return
					}
					call := []tracer.Call{{Nr: unix.SYS_GETPID}}
					if err := f.Inject(all[0].TID, call); errors.Is(err, unix.ESRCH) && e.Kind == tracer.TickEvent {
						return // the limit came
					} else if err != nil || call[0].Result != int64(f.PID()) {
						t.Errorf("%s: getpid %d, %v", e.Kind, call[0].Result, err)
					}
				}
				r, out := hold(t, c.cfg)
				if c.name == "every" {
					seen = seen[:min(len(seen), 2)]
				}
				if !slices.Equal(seen, c.want) || fate(r) != c.fate {
					t.Errorf("%v, %s %s %v %q, want %v, %s", seen, fate(r), r.Message, r.Violation, out, c.want, c.fate)
				}
			})
		}
	}
	for _, engine := range []tracer.Engine{tracer.Seccomp, tracer.Strict} {
		_, err := tracer.Run(t.Context(), &tracer.Config{
			Path: testprog.Program(t, "hello"), Engine: engine, Policy: profile(t, "runtime"), Watch: tracer.Watch{Entry: true},
			Hooks: tracer.Hooks{Event: func(*tracer.Frozen, *tracer.Event) {}},
		})
		if err == nil {
			t.Errorf("%s: events were watched", engine)
		}
	}
}

// TestLiveVforkParent: a thread that was a vfork parent once stands still like
// any other when all are to.
func TestLiveVforkParent(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	for _, engine := range hookEngines {
		looks := 0
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "vforkruns"), Engine: engine, Policy: parsed(t, anyCall), Limits: unhurried,
			Watch: tracer.Watch{Calls: []string{"getppid"}},
			Hooks: tracer.Hooks{Event: func(f *tracer.Frozen, e *tracer.Event) {
				if n := len(f.Threads()); n != 2 {
					t.Errorf("%s: %d threads are stopped", engine, n)
				}
				m, err := f.Memory(e.TID)
				if err != nil {
					t.Error(err)
					return
				}
				looks++
				before, err := m.Uint64(e.Call.Args[0])
				for range 20 {
					after, err2 := m.Uint64(e.Call.Args[0])
					if err != nil || err2 != nil || after != before {
						t.Errorf("%s: it counts: %d, then %d, %v %v", engine, before, after, err, err2)
						return
					}
				}
			}},
		})
		if r.Outcome != tracer.OK || looks != 20 {
			t.Errorf("%s: %s %s, %d looks", engine, fate(r), r.Message, looks)
		}
	}
}
