package tracer_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// traceAll stops at every call, and then allows it.
var traceAll = strings.NewReplacer("allow-all", "trace-all", "default: allow", "default: trace").Replace(allowAll)

// loopSetting is a way to stop often.
type loopSetting struct {
	name   string
	engine tracer.Engine
	policy *rules.Policy
}

func loopSettings(t *testing.T) []loopSetting {
	t.Helper()
	all, trace := parsed(t, allowAll), parsed(t, traceAll)
	return []loopSetting{{"hybrid", tracer.Hybrid, all}, {"trace-all", tracer.Hybrid, trace}, {"ptrace", tracer.Ptrace, all}}
}

// unhurried lets programs take their time; the wall time ends one that the
// supervisor does not let go on.
var unhurried = tracer.Limits{CPU: tracer.Unlimited, Wall: time.Minute, Memory: tracer.Unlimited, Processes: 400}

// loopPrograms make every kind of stop; what they print they print bare, too.
var loopPrograms = []struct {
	program string
	want    string // as fate puts it
	stdout  string // pattern of the whole output
}{
	{"hello", "ok", `hello, world\n`},
	{"hellogo", "ok", `hello, go 4950\n`},
	{"threads", "ok", `31999996000000\n`},
	{"threads-static", "ok", `31999996000000\n`},
	{"threadexec 100", "ok", `done\n`},
	{"zombieleader", "exited 3", ``},
	{"vforkspawn 200", "ok", `200\n`},
	{"forkstorm 100", "ok", `400\n`},
	{"groupstop fork", "ok", `stopping\nstopped for \d+ ms, \d+ ticks\n`},
	{"sigtrap", "ok", `2\n`},
	{"restart", "ok", `slept \d+ ms, polled \d+ ms, read 1\n`},
	{"restart fork", "ok", `slept \d+ ms, polled \d+ ms, read 1\n`},
	{"orphan 60", "ok", `\d+\n`},
}

func TestLiveLoop(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, s := range loopSettings(t) {
		t.Run(s.name, func(t *testing.T) {
			noStrays(t)
			for _, p := range loopPrograms {
				t.Run(p.program, func(t *testing.T) {
					argv := strings.Fields(p.program)
					r, out := hold(t, tracer.Config{
						Path: testprog.Program(t, argv[0]), Args: argv, Engine: s.engine, Policy: s.policy, Limits: unhurried,
					})
					if got := fate(r); !expected(got, []string{p.want}) {
						t.Errorf("%s, want %s: %s %v", got, p.want, r.Message, r.Violation)
					}
					if !regexp.MustCompile(`^` + p.stdout + `$`).MatchString(out) {
						t.Errorf("printed %q, want %s", out, p.stdout)
					}
					checkResult(t, r)
					nothingHeld(t)
				})
			}
		})
	}
}

// watcher counts stops, and makes each wait late: events then come in other
// orders, a child's first stop before its parent's event above all.
type watcher struct {
	delay time.Duration
	stops [32]int
	calls map[rules.ActionKind]int
	ends  int
}

func (w *watcher) Stop(kind tracer.StopKind, _ time.Duration) {
	w.stops[kind]++
	time.Sleep(w.delay)
}

func (w *watcher) Call(_ *rules.Call, kind rules.ActionKind) {
	if w.calls == nil {
		w.calls = map[rules.ActionKind]int{}
	}
	w.calls[kind]++
}

func (w *watcher) End(*tracer.Result) { w.ends++ }

// TestLiveLoopLate waits 200 us before each wait4.
func TestLiveLoopLate(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for _, s := range loopSettings(t) {
		for _, p := range []struct{ program, stdout string }{
			{"forkstorm 20", "80\n"},
			{"vforkspawn 4", "4\n"},
			{"threads", "31999996000000\n"},
			// The leader spins on a call. Were its stops always served first,
			// the other thread, which has to end that, would never go on.
			{"threadexec 10", "done\n"},
		} {
			t.Run(s.name+"/"+p.program, func(t *testing.T) {
				argv := strings.Fields(p.program)
				w := &watcher{delay: 200 * time.Microsecond}
				limits := unhurried
				limits.Wall = 10 * time.Second
				r, out := hold(t, tracer.Config{
					Path: testprog.Program(t, argv[0]), Args: argv, Engine: s.engine, Policy: s.policy, Limits: limits, Observer: w,
				})
				if r.Outcome != tracer.OK || out != p.stdout {
					t.Errorf("%s, printed %q: %s", fate(r), out, r.Message)
				}
				nothingHeld(t)
			})
		}
	}
}

// TestLiveThreadExec: each execve of a thread is seen once, also where the
// leader is in a stop that the supervisor answers late.
func TestLiveThreadExec(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, s := range loopSettings(t) {
		t.Run(s.name, func(t *testing.T) {
			const generations = 60
			w := &watcher{}
			cfg := tracer.Config{
				Path: testprog.Program(t, "threadexec"), Args: args(fmt.Sprint(generations)),
				Engine: s.engine, Policy: s.policy, Limits: unhurried, Observer: w,
			}
			cfg.Hooks.Call = func(tr *tracer.Tracee, _ *tracer.CallStop) {
				if tr.TID() == tr.PID() {
					time.Sleep(time.Millisecond)
				}
			}
			r, out := hold(t, cfg)
			if r.Outcome != tracer.OK || out != "done\n" {
				t.Errorf("%s, printed %q: %s", fate(r), out, r.Message)
			}
			if got := w.stops[tracer.ExecStop]; got != generations {
				t.Errorf("%d exec stops seen, want %d", got, generations)
			}
		})
	}
}

func TestLiveChaos(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for i, s := range loopSettings(t) {
		t.Run(s.name, func(t *testing.T) {
			noStrays(t)
			seconds := "5"
			if testing.Short() {
				seconds = "1"
			}
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, "chaos"), Args: args(seconds, fmt.Sprint(i+1)),
				Engine: s.engine, Policy: s.policy, Limits: unhurried,
			})
			if r.Outcome != tracer.OK || !strings.HasSuffix(out, "over\n") {
				t.Errorf("%s, printed %q: %s", fate(r), out, r.Message)
			}
			nothingHeld(t)
		})
	}
}

// said collects output and tells when a word has come.
type said struct {
	sync.Mutex
	bytes.Buffer
	word string
	then func()
}

func (s *said) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	n, err := s.Buffer.Write(p)
	if s.then != nil && strings.Contains(s.String(), s.word) {
		go s.then()
		s.then = nil
	}
	return n, err
}

// TestLiveStopped stops and continues programs from outside.
func TestLiveStopped(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		policy := profile(t, "runtime")
		t.Run(engine.String()+"/group-stop", func(t *testing.T) {
			pid := make(chan int, 1)
			out := &said{word: "stopping"}
			sent := make(chan error, 1)
			out.then = func() {
				time.Sleep(300 * ms)
				sent <- unix.Kill(<-pid, unix.SIGCONT)
			}
			r, _ := hold(t, tracer.Config{
				Path: testprog.Program(t, "groupstop"), Stdout: out, Engine: engine, Policy: policy,
				Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) { pid <- tr.PID() }},
			})
			if err := <-sent; err != nil {
				t.Errorf("SIGCONT: %v", err)
			}
			if r.Outcome != tracer.OK {
				t.Errorf("%s, printed %q", fate(r), out.String())
			}
		})
		t.Run(engine.String()+"/restart", func(t *testing.T) {
			done := make(chan struct{})
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, "restart"), Engine: engine, Policy: policy,
				Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) {
					pid := tr.PID()
					go func() {
						defer close(done)
						for range 5 {
							time.Sleep(50 * ms)
							_ = unix.Kill(pid, unix.SIGSTOP)
							time.Sleep(20 * ms)
							_ = unix.Kill(pid, unix.SIGCONT)
						}
					}()
				}},
			})
			<-done
			if r.Outcome != tracer.OK {
				t.Errorf("%s, printed %q", fate(r), out)
			}
		})
	}
}

// TestLiveKilledAnywhere kills a program 200 times for each setting, where
// stops are shown half of them while one is being answered.
func TestLiveKilledAnywhere(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	programs := []string{"threadexec 100000", "forkstorm 100000", "vforkspawn 100000", "threads", "hellogo"}
	for _, s := range loopSettings(t) {
		t.Run(s.name, func(t *testing.T) {
			noStrays(t)
			killed := 0
			for i := range 200 {
				argv := strings.Fields(programs[i%len(programs)])
				cfg := tracer.Config{
					Path: testprog.Program(t, argv[0]), Args: argv, Engine: s.engine, Policy: s.policy, Limits: unhurried,
				}
				calls, root := 0, 0
				cfg.Hooks.Entry = func(tr *tracer.Tracee) {
					if root = tr.PID(); i%2 == 1 && s.name == "trace-all" {
						return // the other hook does it
					}
					// The id may be somebody else's by then: ask by descriptor.
					fd, err := unix.PidfdOpen(root, 0)
					if err != nil {
						t.Errorf("pidfd_open: %v", err)
						return
					}
					time.AfterFunc(time.Duration(i)*53*time.Microsecond, func() {
						_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
						_ = unix.Close(fd)
					})
				}
				cfg.Hooks.Call = func(tr *tracer.Tracee, _ *tracer.CallStop) {
					if calls++; calls == i && i%2 == 1 {
						_ = unix.Kill(tr.PID(), unix.SIGKILL)
						_ = unix.Kill(root, unix.SIGKILL)
					}
				}
				r, out, err := tryHold(t, cfg)
				if err != nil {
					t.Fatalf("%s, kill %d: %v", argv[0], i, err)
				}
				switch fate(r) {
				case "signaled SIGKILL":
					killed++
				case "exited 0", "exited 1": // it came too late, or hit a child
				default:
					t.Errorf("%s, kill %d: %s %s %q", argv[0], i, fate(r), r.Message, out)
				}
			}
			if killed < 100 {
				t.Errorf("only %d of 200 were killed", killed)
			}
			nothingHeld(t)
		})
	}
}

// TestLiveOrphan: a daemon's process is gone when Run returns.
func TestLiveOrphan(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, s := range loopSettings(t) {
		t.Run(s.name, func(t *testing.T) {
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, "orphan"), Args: args("60"), Engine: s.engine, Policy: s.policy, Limits: unhurried,
			})
			var pid int
			if _, err := fmt.Sscan(out, &pid); err != nil || r.Outcome != tracer.OK {
				t.Fatalf("%s, printed %q: %v", fate(r), out, err)
			}
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil && !initsZombie(pid) {
				t.Errorf("process %d is still there", pid)
			}
		})
	}
}

// TestLiveSIGSYSHandled: a program that has had a SIGSYS of its own cannot make
// the kernel's, for a call of a foreign architecture, look like that.
func TestLiveSIGSYSHandled(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.I386)
	for _, engine := range hookEngines {
		r, _ := hold(t, tracer.Config{Path: testprog.Program(t, "sigsys"), Engine: engine})
		if r.Outcome != tracer.PolicyViolation || r.Violation.Arch != "foreign" {
			t.Errorf("%s: %s, want a violation of a foreign architecture", engine, fate(r))
		}
	}
}
