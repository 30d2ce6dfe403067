package bench_test

import (
	"time"

	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/tracer"
)

// idle is a witness that asks for every return and keeps nothing.
type idle struct{ look func(tid int) }

func (w idle) Enter(_, tid int, _ *rules.Call, _ *rules.Verdict) bool {
	if w.look != nil {
		w.look(tid)
	}
	return true
}
func (idle) Return(int, int, uint64, bool)   {}
func (idle) Signal(int, int, int, []byte)    {}
func (idle) Stopped(int, int, int)           {}
func (idle) Born(int, int, int)              {}
func (idle) Executed(int, int)               {}
func (idle) Ended(int, int, unix.WaitStatus) {}

// blind is an observer that does nothing.
type blind struct{}

func (blind) Stop(tracer.StopKind, time.Duration) {}
func (blind) Call(*rules.Call, rules.ActionKind)  {}
func (blind) End(*tracer.Result)                  {}
