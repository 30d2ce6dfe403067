package tracer_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveManyBegin: sessions that are held up at their beginning, as many as
// may begin at a time, hold up no other; nor does one whose context has ended
// wait for its turn.
func TestLiveManyBegin(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	program := testprog.Program(t, "empty")
	places := runtime.GOMAXPROCS(0)
	there, goOn := make(chan struct{}, places), make(chan struct{})
	var group sync.WaitGroup
	for range places {
		group.Go(func() {
			r, _, err := tryHold(t, tracer.Config{Path: program, Hooks: tracer.Hooks{Entry: func(*tracer.Tracee) {
				there <- struct{}{}
				<-goOn
			}}})
			if err != nil || r.Outcome != tracer.OK {
				t.Errorf("held up: %+v, %v", r, err)
			}
		})
	}
	for range places {
		<-there
	}
	if r, _ := hold(t, tracer.Config{Path: program}); r.Outcome != tracer.OK {
		t.Errorf("beside them: %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, _, err := tryHoldContext(t, ctx, tracer.Config{Path: testprog.Program(t, "spin"), Args: args("100000")}); err != nil || r.Outcome != tracer.Failed {
		t.Errorf("too late: %+v, %v", r, err)
	}
	close(goOn)
	group.Wait()
	// All places are free again.
	for range 2 * places {
		group.Go(func() {
			if r, _, err := tryHold(t, tracer.Config{Path: program}); err != nil || r.Outcome != tracer.OK {
				t.Errorf("afterwards: %+v, %v", r, err)
			}
		})
	}
	group.Wait()
}
