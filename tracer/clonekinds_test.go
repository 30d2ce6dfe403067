package tracer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveCloneKinds: what is born by clone is traced, and known for the
// thread or the process that it is, whatever its flags make its event say: a
// thread may be reported as a fork or a vfork, a process as a clone.
func TestLiveCloneKinds(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	// Of the kinds of clonekinds.c the first half are processes.
	const rounds, kinds, processes = 5, 6, 3
	const each = 2 * rounds // by the first process, and by its child
	policy := allowBut(t, `  - call: getppid
    action: trace
  - call: getpgid
    action: errno(EXDEV)
`)
	for _, engine := range hookEngines {
		// Late waits let a child's first stop come before its parent's event.
		for _, delay := range []time.Duration{0, 200 * time.Microsecond} {
			t.Run(fmt.Sprintf("%s/%v late", engine, delay), func(t *testing.T) {
				w := &watcher{delay: delay}
				var seen [kinds]int
				cfg := tracer.Config{
					Path: testprog.Program(t, "clonekinds"), Args: args(fmt.Sprint(rounds)),
					Engine: engine, Policy: policy, Limits: unhurried, Observer: w,
				}
				cfg.Hooks.Call = func(tr *tracer.Tracee, c *tracer.CallStop) {
					tid, pid, kind := int(c.Call.Args[0]), int(c.Call.Args[1]), c.Call.Args[2]
					if kind >= kinds {
						t.Errorf("thread %d of %d says that it is of kind %d", tr.TID(), tr.PID(), kind)
						return
					}
					seen[kind]++
					if tr.TID() != tid || tr.PID() != pid {
						t.Errorf("kind %d: known as thread %d of process %d, but it is %d of %d", kind, tr.TID(), tr.PID(), tid, pid)
					}
					if (tid == pid) != (kind < processes) {
						t.Errorf("kind %d is thread %d of process %d: clonekinds.c made something else", kind, tid, pid)
					}
				}
				r, out := hold(t, cfg)
				// One that escaped has ENOSYS from getppid where the filter leaves
				// the call to a tracer, or no EXDEV where there is no filter.
				want := strings.Repeat(fmt.Sprintf(" %d", each), kinds)[1:] + "\n"
				if r.Outcome != tracer.OK || out != want {
					t.Errorf("%s, right answers in each kind %q, want %q: %s", fate(r), out, want, r.Message)
				}
				for kind, n := range seen {
					if n != each {
						t.Errorf("kind %d: calls of %d children seen, want %d", kind, n, each)
					}
				}
				// The makers' child was born by an event of its own.
				if born := kinds*each + 1; w.stops[tracer.ForkStop] != born || w.stops[tracer.EventStop] < born {
					t.Errorf("%d events of a new task and %d first stops, want %d and no fewer", w.stops[tracer.ForkStop], w.stops[tracer.EventStop], born)
				}
				checkResult(t, r)
			})
		}
	}
}
