package tracer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// allowBut is allowAll with more rules before its own.
func allowBut(t *testing.T, more string) *rules.Policy {
	t.Helper()
	const rulesKey = "syscalls:\n"
	return parsed(t, strings.Replace(allowAll, rulesKey, rulesKey+more, 1))
}

// TestLiveExecInCrowd: a thread executes a program while fifty others, the
// leader among them or gone, are in stops that nobody has answered. The kernel
// kills them and lets the execve go on only when all are reaped: a supervisor
// that waits for the one thread, or for the leader's death, waits for ever.
func TestLiveExecInCrowd(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const threads, times = 50, 10
	crowdexec := testprog.Program(t, "crowdexec")
	policy := allowBut(t, `  - calls: [getppid, execve]
    action: trace
  - call: newfstatat
    when: {flag: {mask: AT_EMPTY_PATH, eq: AT_EMPTY_PATH}}
    action: rewrite(fstat)
  - call: getpgid
    action: errno(EXDEV)
`)
	limits := unhurried
	limits.Wall = 30 * time.Second // one that hangs ends by it
	for _, engine := range hookEngines {
		for _, c := range []struct {
			call, leader string
			stopped      int // the thread that executes included
		}{
			{"getppid", "there", threads + 2},
			{"getppid", "gone", threads + 1},
			{"newfstatat", "there", threads + 2},
			{"newfstatat", "gone", threads + 1},
		} {
			t.Run(fmt.Sprintf("%s/%s/leader %s", engine, c.call, c.leader), func(t *testing.T) {
				for range times {
					w, execs := &watcher{}, 0
					cfg := tracer.Config{
						Path: crowdexec, Args: args(fmt.Sprint(threads), c.call, c.leader),
						Engine: engine, Policy: policy, Limits: limits, Observer: w,
					}
					cfg.Hooks.Call = func(tr *tracer.Tracee, s *tracer.CallStop) {
						if name, _ := s.Call.Arch.Name(s.Call.Nr); name != "execve" {
							return
						}
						execs++
						if tr.TID() == tr.PID() {
							t.Errorf("the leader, %d, executes", tr.TID())
						}
						// The supervisor is here: none that has stopped goes on.
						if n := awaitStopped(tr.PID(), c.stopped); n != c.stopped {
							t.Errorf("%d threads are in a stop at the execve, want %d", n, c.stopped)
						}
					}
					r, out := hold(t, cfg)
					// EXDEV: the new image is under the same policy.
					if fate(r) != "exited 18" {
						t.Fatalf("%s, want exited 18: %s %v\n%s", fate(r), r.Message, r.Violation, out)
					}
					if execs != 1 || w.stops[tracer.ExecStop] != 1 {
						t.Errorf("%d calls of execve and %d exec stops seen, want one of each", execs, w.stops[tracer.ExecStop])
					}
					nothingHeld(t)
				}
			})
		}
	}
}

// awaitStopped counts the threads of a process that are in ptrace-stops, until
// there are as many as wanted or ten seconds have passed.
func awaitStopped(pid, want int) int {
	for deadline := time.Now().Add(10 * time.Second); ; {
		n := 0
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, name := range stats {
			stat, err := os.ReadFile(name)
			// pid (name) state ...; the name is the program's and has no ") ".
			if _, rest, ok := strings.Cut(string(stat), ") "); err == nil && ok && rest[0] == 't' {
				n++
			}
		}
		if n >= want || time.Now().After(deadline) {
			return n
		}
	}
}
