package tracer_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveHostProgram runs sessions in a program that starts children of its
// own: neither side may take the other's.
func TestLiveHostProgram(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	hello, threads := testprog.Program(t, "hello"), testprog.Program(t, "threads")
	status := testprog.Program(t, "exitcode")
	var over atomic.Bool
	var host, sessions sync.WaitGroup
	commands := 0
	host.Go(func() {
		for !over.Load() {
			out, err := exec.Command(hello, "host").Output()
			if err != nil || string(out) != "hello, host\n" {
				t.Errorf("the host's own command: %q, %v", out, err)
			}
			commands++
		}
	})
	for i := range 20 {
		sessions.Go(func() {
			engine := hookEngines[i%2]
			for n := range 10 {
				r, out := hold(t, tracer.Config{Path: threads, Engine: engine})
				if r.Outcome != tracer.OK || out != "31999996000000\n" {
					t.Errorf("%s: threads: %s, %q: %s", engine, fate(r), out, r.Message)
				}
				code := 1 + (i*10+n)%200
				r, _ = hold(t, tracer.Config{Path: status, Args: args(fmt.Sprint(code)), Engine: engine})
				if want := fmt.Sprintf("exited %d", code); fate(r) != want {
					t.Errorf("%s: %s, want %s: %s", engine, fate(r), want, r.Message)
				}
			}
		})
	}
	sessions.Wait()
	over.Store(true)
	host.Wait()
	if commands < 3 {
		t.Errorf("the host ran only %d commands meanwhile", commands)
	}
}

// TestLiveGarbageCollection: a session that waits does not hold the collector
// up, which stops every thread of the host program.
func TestLiveGarbageCollection(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	const computing = 3 * time.Second
	entered := make(chan struct{})
	var session sync.WaitGroup
	spin := testprog.Program(t, "spin")
	session.Go(func() {
		r, _ := hold(t, tracer.Config{
			Path: spin, Args: args(fmt.Sprint(computing.Milliseconds())),
			Hooks: tracer.Hooks{Entry: func(*tracer.Tracee) { close(entered) }},
		})
		if r.Outcome != tracer.OK || r.CPU() < computing {
			t.Errorf("%s after %v of CPU time", fate(r), r.CPU())
		}
	})
	<-entered
	for range 5 {
		begun := time.Now()
		runtime.GC()
		// Held up, it would take as long as the program computes.
		if took := time.Since(begun); took > computing/2 {
			t.Errorf("a collection took %v", took)
		}
	}
	session.Wait()
}

// TestLiveManySessions: 200 at once, all alive together.
func TestLiveManySessions(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const many = 200
	sleeper := testprog.Program(t, "echo")
	var sessions, entered sync.WaitGroup
	entered.Add(many)
	in, release := pipe(t)
	for i := range many {
		sessions.Go(func() {
			once := sync.OnceFunc(entered.Done)
			defer once() // where the session fails
			r, out := hold(t, tracer.Config{
				Path: sleeper, Stdin: in, Engine: hookEngines[i%2],
				Hooks: tracer.Hooks{Entry: func(*tracer.Tracee) { once() }},
			})
			if r.Outcome != tracer.OK || out != "" {
				t.Errorf("session %d: %s, %q: %s", i, fate(r), out, r.Message)
			}
		})
	}
	entered.Wait()
	if testutil.Missing(testutil.Root) == nil {
		if n := len(held(os.Getpid())); n < many {
			t.Errorf("%d programs are alive together, want %d", n, many)
		}
	}
	closeAll(t, release) // end of file for all
	sessions.Wait()
	closeAll(t, in)
}

// TestLiveSequence: 1,000 sessions, one after the other, leak nothing.
func TestLiveSequence(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	empty := testprog.Program(t, "empty")
	before := runtime.NumGoroutine()
	for i := range 1000 {
		r, _ := hold(t, tracer.Config{Path: empty, Engine: hookEngines[i%2]})
		if r.Outcome != tracer.OK {
			t.Fatalf("session %d: %s: %s", i, fate(r), r.Message)
		}
	}
	tracer.CloseIdle()
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
}

// TestLiveWorkersGo: idle workers end by themselves.
func TestLiveWorkersGo(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	tracer.CloseIdle()
	if r, _ := hold(t, tracer.Config{Path: testprog.Program(t, "empty")}); r.Outcome != tracer.OK {
		t.Fatal(fate(r))
	}
	if len(testutil.Descendants()) == 0 {
		t.Error("no worker was kept for a next session")
	}
	if left := stillThere(testutil.Descendants); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

// TestLiveManyFailures: sessions that cannot start leave nothing, and do not
// use anything up.
func TestLiveManyFailures(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	empty := testprog.Program(t, "empty")
	for range 600 { // more than there are held ids
		if _, _, err := tryHold(t, tracer.Config{Path: empty, Dir: "/no/such/directory"}); err == nil {
			t.Fatal("started in a directory that is not there")
		}
	}
	for range 20 {
		if _, _, err := tryHold(t, tracer.Config{Path: empty, Limits: tracer.Limits{OpenFiles: 1 << 40}}); err == nil {
			t.Fatal("started with 2^40 descriptors")
		}
	}
	if r, _ := hold(t, tracer.Config{Path: empty}); r.Outcome != tracer.OK {
		t.Error(fate(r))
	}
}

// TestLiveHammered sends signals to every process below this one while
// sessions start: to stubs, to children that are being set up and, as it
// comes, to programs. That may end a program; it is no failure of warder's.
func TestLiveHammered(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	empty := testprog.Program(t, "empty")
	for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGTERM, unix.SIGTRAP, unix.SIGCONT, unix.SIGSEGV} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			var over atomic.Bool
			var hammer sync.WaitGroup
			var hits atomic.Int64
			hammer.Go(func() {
				for !over.Load() {
					for _, pid := range testutil.Descendants() {
						if sig == unix.SIGSTOP && !traced(pid) {
							continue // it would stop, as any process does, until a SIGCONT
						}
						if unix.Kill(pid, sig) == nil {
							hits.Add(1)
						}
					}
				}
			})
			defer over.Store(true) // where a session hangs
			ended := map[string]int{}
			var failures []error
			// A signal that ends processes may hit a stub that is not traced
			// yet: that is an error. Others have to be survived.
			fatal := sig != unix.SIGSTOP && sig != unix.SIGCONT
			for begun, i := time.Now(), 0; time.Since(begun) < 1500*ms || hits.Load() < 20 && time.Since(begun) < 20*time.Second; i++ {
				r, _, err := tryHold(t, tracer.Config{
					Path: empty, Engine: hookEngines[i/20%2], Limits: tracer.Limits{Wall: 200 * ms},
				})
				switch {
				case err == nil:
					ended[fate(r)]++
				case fatal && strings.HasPrefix(err.Error(), "start stub: "):
					ended["error"]++
				default:
					failures = append(failures, err)
				}
			}
			over.Store(true)
			hammer.Wait()
			t.Logf("%d signals; ended: %v", hits.Load(), ended)
			if len(failures) > 0 {
				t.Errorf("%d sessions failed, the first two: %v", len(failures), failures[:min(2, len(failures))])
			}
			for how := range ended {
				if how != "exited 0" && how != "error" && how != "signaled "+unix.SignalName(sig) && (how != "wall-time-limit" || sig != unix.SIGSTOP) {
					t.Errorf("a session ended with %s", how)
				}
			}
			if hits.Load() < 20 || ended["exited 0"] < 3*ended["error"] {
				t.Errorf("%d signals were sent, sessions ended: %v", hits.Load(), ended)
			}
			if r, _ := hold(t, tracer.Config{Path: empty}); r.Outcome != tracer.OK {
				t.Errorf("the session after it: %s", fate(r))
			}
		})
	}
}

// traced reports whether a process has a tracer.
func traced(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !bytes.Contains(text, []byte("\nTracerPid:\t0\n"))
}

// TestLiveStubKilled: the processes that warder keeps for a next session may
// be killed by anybody, the kernel for want of memory above all.
func TestLiveStubKilled(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	empty := testprog.Program(t, "empty")
	for i := range 30 {
		if r, _ := hold(t, tracer.Config{Path: empty}); r.Outcome != tracer.OK {
			t.Errorf("session %d: %s %v", i, fate(r), r.Violation)
		}
		time.Sleep(2 * ms) // the worker makes the next session's child
		kept := testutil.Descendants()
		for begun := time.Now(); len(kept) == 0 && time.Since(begun) < time.Second; {
			// Its worker ended with the last one's: the next session's keeps another.
			if r, _ := hold(t, tracer.Config{Path: empty}); r.Outcome != tracer.OK {
				t.Errorf("session %d, again: %s", i, fate(r))
			}
			kept = testutil.Descendants()
		}
		if len(kept) == 0 {
			t.Fatal("no process was kept for a next session")
		}
		if i%3 != 0 { // one of them, or all
			kept = kept[i%len(kept):][:1]
		}
		for _, pid := range kept {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		if i%2 == 0 {
			time.Sleep(5 * ms) // dead by then
		}
	}
}
