package tracer_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// ownCores are the cores of this test, on which a held program may run too.
func ownCores(t *testing.T) unix.CPUSet {
	t.Helper()
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	if all.Count() < 2 {
		t.Skip("a placement on one of several cores takes two of them")
	}
	return all
}

const tracedGetppid = "syscalls:\n  - {call: getppid, action: trace}\n"

// TestLiveCoresSeen: a program that is kept on one core with its supervisor
// does not see that, whenever it asks.
func TestLiveCoresSeen(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	n := ownCores(t)
	want := fmt.Sprintf("%d %[1]d %[1]d\n", n.Count())
	for _, engine := range hookEngines {
		r, out := hold(t, tracer.Config{Path: testprog.Program(t, "cores"), Args: args("count"), Engine: engine})
		if r.Outcome != tracer.OK || out != want {
			t.Errorf("%s: %v, cores %q, want %q", engine, r.Outcome, out, want)
		}
	}
}

// TestLiveCoresOfThreads: a thread is born with its parent's core, and has all
// of them when it runs.
func TestLiveCoresOfThreads(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	want := ownCores(t)
	for _, engine := range hookEngines {
		seen := 0
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "cores"), Args: args("thread"), Engine: engine,
			Policy: onTopOf(t, "compute", tracedGetppid),
			Hooks: tracer.Hooks{Call: func(tr *tracer.Tracee, _ *tracer.CallStop) {
				var got unix.CPUSet
				if err := unix.SchedGetaffinity(tr.TID(), &got); err != nil || got != want {
					t.Errorf("%s: thread %d of %d may run on %d cores (%v), want %d", engine, tr.TID(), tr.PID(), got.Count(), err, want.Count())
				}
				seen++
			}},
		})
		if r.Outcome != tracer.OK || seen != 2 {
			t.Errorf("%s: %v, %d calls seen, want 2", engine, r.Outcome, seen)
		}
	}
}

// TestLiveCoresWhenQuiet: a program that makes no stops gets its cores back.
func TestLiveCoresWhenQuiet(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	want := ownCores(t)
	for _, engine := range hookEngines {
		in, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		read, write := io.Pipe()
		pid := make(chan int, 1)
		done := make(chan *tracer.Result, 1)
		go func() {
			r, _ := hold(t, tracer.Config{
				Path: testprog.Program(t, "cores"), Args: args("quiet"), Engine: engine, Stdin: in, Stdout: write,
				Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) { pid <- tr.PID() }},
			})
			done <- r
		}()
		if line, err := bufio.NewReader(read).ReadString('\n'); line != "ready\n" {
			t.Fatalf("%s: %q, %v", engine, line, err)
		}
		id := <-pid
		var got unix.CPUSet
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if err := unix.SchedGetaffinity(id, &got); err != nil {
				t.Fatal(err)
			}
			if got == want || time.Now().After(deadline) {
				break
			}
		}
		if got != want {
			t.Errorf("%s: a quiet program may run on %d cores, want %d", engine, got.Count(), want.Count())
		}
		feed.Close()
		if r := <-done; r.Outcome != tracer.OK {
			t.Errorf("%s: %v", engine, r.Outcome)
		}
		in.Close()
	}
}

// TestLiveCoresWhenBusy: a burst of stops brings program and supervisor to one
// core, and a session that is over leaves the supervisor's thread free.
func TestLiveCoresWhenBusy(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	all := ownCores(t)
	together := 0
	cfg := tracer.Config{
		Path: testprog.Program(t, "cores"), Args: args("busy", "5000"), Once: true,
		Policy: onTopOf(t, "compute", tracedGetppid),
		Hooks: tracer.Hooks{Call: func(tr *tracer.Tracee, _ *tracer.CallStop) {
			var its, ours unix.CPUSet
			if unix.SchedGetaffinity(tr.TID(), &its) == nil && unix.SchedGetaffinity(0, &ours) == nil && its == ours && its.Count() == 1 {
				together++
			}
		}},
	}
	// Once: the session runs on this very thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := tracer.Run(t.Context(), &cfg)
	if err != nil || r.Outcome != tracer.OK {
		t.Fatalf("%v, %v", r, err)
	}
	if together < 1000 {
		t.Errorf("program and supervisor were on one core at %d of 5000 calls", together)
	}
	var after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != all {
		t.Errorf("after the session its thread may run on %d cores (%v), had %d", after.Count(), err, all.Count())
	}
}
