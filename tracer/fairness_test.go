package tracer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// flooded counts the stops of a session that others watch, and tells when all
// its processes are there and it makes stops in plenty.
type flooded struct {
	processes int64
	born      atomic.Int64
	stops     atomic.Int64
	plenty    chan struct{}
	once      sync.Once
}

func (f *flooded) Stop(kind tracer.StopKind, _ time.Duration) {
	if kind == tracer.ForkStop {
		f.born.Add(1)
	}
	if f.stops.Add(1) > 1000 && f.born.Load() == f.processes {
		f.once.Do(func() { close(f.plenty) })
	}
}

func (f *flooded) Call(*rules.Call, rules.ActionKind) {}
func (f *flooded) End(*tracer.Result)                 {}

// TestLiveFloodedNeighbour: a session whose processes stop as often as they
// can, by calls or by signals that they ignore, keeps its own supervisor busy
// and nobody else's: other sessions of this program get on with their work.
func TestLiveFloodedNeighbour(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const processes = 40
	flood, worker := testprog.Program(t, "supervisorflood"), testprog.Program(t, "forkstorm")
	limits := unhurried
	limits.Wall = 30 * time.Second
	for _, s := range loopSettings(t) {
		for _, how := range []string{"calls", "signals"} {
			if how == "calls" && s.name == "hybrid" {
				continue // calls that are allowed make no stop
			}
			t.Run(s.name+"/"+how, func(t *testing.T) {
				ctx, end := context.WithCancelCause(t.Context())
				defer end(nil) // where the test fails
				over := errors.New("the other session is done")
				f := &flooded{processes: processes, plenty: make(chan struct{})}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					r, err := tracer.Run(ctx, &tracer.Config{
						Path: flood, Args: args(how, fmt.Sprint(processes)),
						Engine: s.engine, Policy: s.policy, Limits: limits, Observer: f,
					})
					if err != nil {
						t.Errorf("the flood: %v", err)
					} else if r.Outcome != tracer.Failed || !strings.Contains(r.Message, over.Error()) {
						t.Errorf("the flood ended by itself: %s %s", fate(r), r.Message)
					}
				}()
				select {
				case <-f.plenty:
				case <-ended:
					t.Fatal("the flood is over before it was one")
				}
				// The flood has to go on meanwhile, or nothing would be shown.
				const meanwhile = 5000
				units := 0
				for from := f.stops.Load(); units < 3 || f.stops.Load() < from+meanwhile; units++ {
					r, out := hold(t, tracer.Config{
						Path: worker, Args: args("10"), Engine: s.engine, Policy: s.policy, Limits: limits,
					})
					if r.Outcome != tracer.OK || out != "40\n" {
						t.Fatalf("session %d beside it: %s, %q children, want ok and 40: %s", units, fate(r), out, r.Message)
					}
					select {
					case <-ended:
						t.Fatalf("the flood is over after %d sessions beside it and %d stops", units, f.stops.Load()-from)
					default:
					}
				}
				end(over)
				<-ended
				nothingHeld(t)
			})
		}
	}
}
