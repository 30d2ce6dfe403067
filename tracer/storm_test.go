package tracer_test

import (
	"errors"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveSignalStorm launches while every thread of this program is sent
// signals all the time: those of the runtime's own preemption, and some that a
// host program handles. Calls of the supervisor are interrupted by that, and
// none of it may reach a child.
func TestLiveSignalStorm(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const launches = 200
	hello, policy := testprog.Program(t, "hello"), profile(t, "runtime")
	for _, sig := range []unix.Signal{unix.SIGURG, unix.SIGUSR1} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			// Without a handler the second one would end this program.
			caught := make(chan os.Signal, 1)
			signal.Notify(caught, sig)
			defer signal.Stop(caught)
			stop := storm(t, sig)
			for i := range launches {
				engine := []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp}[i%3]
				// With Once the session has the caller's thread; a new stub each
				// time, too, which is most of what can be interrupted.
				r, out, err := tryHold(t, tracer.Config{Path: hello, Engine: engine, Policy: policy, Once: i%2 == 0})
				if err != nil {
					t.Errorf("launch %d, %s: %v", i, engine, err)
				} else if r.Outcome != tracer.OK || out != "hello, world\n" {
					t.Errorf("launch %d, %s: %s, %q: %s", i, engine, fate(r), out, r.Message)
				}
			}
			sent := stop()
			select {
			case <-caught:
			default:
				t.Error("no signal was handled")
			}
			if sent < launches {
				t.Errorf("only %d signals were sent in %d launches", sent, launches)
			}
			t.Logf("%d signals", sent)
		})
	}
}

// storm sends a signal to each thread of this program, over and over, until
// stop is called, which tells how many were sent.
func storm(t *testing.T, sig unix.Signal) (stop func() int) {
	t.Helper()
	var over atomic.Bool
	var sender sync.WaitGroup
	sent, self := 0, os.Getpid()
	sender.Go(func() {
		// Without a pause the threads would do nothing but take signals.
		pause := time.NewTicker(250 * time.Microsecond)
		defer pause.Stop()
		for ; !over.Load(); <-pause.C {
			threads, err := os.ReadDir("/proc/self/task")
			if err != nil {
				t.Error(err)
				return
			}
			for _, thread := range threads {
				tid, err := strconv.Atoi(thread.Name())
				if err != nil {
					t.Error(err)
					return
				}
				switch err := unix.Tgkill(self, tid, sig); {
				case err == nil:
					sent++
				case !errors.Is(err, unix.ESRCH): // it has ended
					t.Error(err)
					return
				}
			}
		}
	})
	return func() int {
		over.Store(true)
		sender.Wait()
		return sent
	}
}
