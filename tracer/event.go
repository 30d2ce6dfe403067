package tracer

import (
	"fmt"
	"slices"
	"time"

	"warder/abi"
	"warder/rules"
)

// EventKind is something in a program's life that Config.Watch can name.
type EventKind uint8

// The kinds.
const (
	EntryEvent     EventKind = iota // its entry point: a loader is done, nothing of it has run
	ExitEvent                       // before exit_group
	CallEvent                       // before a call that will run
	SignalEvent                     // before a signal is delivered
	ViolationEvent                  // a call that the session ends for
	LimitEvent                      // a budget is used up, and the session about to end
	TickEvent                       // time
)

var eventNames = [...]string{"entry", "exit", "syscall", "signal", "violation", "limit", "every"}

// String names the kind as --on does.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is what Hooks.Event is called for.
type Event struct {
	Kind      EventKind
	TID       int         // whose it is; 0 for LimitEvent and TickEvent
	Call      *rules.Call // of a CallEvent
	Signal    int         // of a SignalEvent
	Violation *Violation
	Outcome   Outcome // of a LimitEvent
	Message   string
}

// Watch names events. It is for engines that stop: Hybrid and Ptrace.
type Watch struct {
	Entry, Exit, Violation, Limit bool

	Calls   []string      // by name; those that the policy refuses are not told of
	Signals []int         // those that are delivered: SIGKILL is not
	Every   time.Duration // above 0
}

func (w *Watch) any() bool {
	return w.Entry || w.Exit || w.Violation || w.Limit || len(w.Calls)+len(w.Signals) > 0 || w.Every > 0
}

// calls are those that have to stop.
func (w *Watch) calls() []string {
	if !w.Exit {
		return w.Calls
	}
	return append(slices.Clone(w.Calls), "exit_group")
}

// tell calls the hook for an event of a stopped task, with all others stopped,
// and then after. The task goes on with sig.
func (s *session) tell(t *task, sig int, e *Event, after func()) error {
	e.TID = t.tid
	return s.hold(t, sig, job{after: after, f: func(f *Frozen) error {
		s.cfg.Hooks.Event(f, e)
		return nil
	}})
}

// watchedCall is the event that a call is, or nil.
func (s *session) watchedCall(t *task) *Event {
	if s.cfg.Hooks.Event == nil {
		return nil
	}
	if t.seen { // it was told of, and then put back for calls of ours
		t.seen = false
		return nil
	}
	name, _ := s.call.Arch.Name(s.call.Nr)
	switch w := &s.cfg.Watch; {
	case w.Exit && name == "exit_group":
		return &Event{Kind: ExitEvent}
	case slices.Contains(w.Calls, name):
		c := s.call
		return &Event{Kind: CallEvent, Call: &c}
	}
	return nil
}

// onLimit tells of a budget that is used up before the session ends for it. A
// program that does not come to a stop soon ends all the same.
func (s *session) onLimit(o Outcome, message string) {
	const soon = 100 * time.Millisecond
	end := func() { s.budget.end(o, message) }
	late := time.AfterFunc(soon, end)
	err := s.ring(job{
		f: func(f *Frozen) error {
			if late.Stop() {
				s.cfg.Hooks.Event(f, &Event{Kind: LimitEvent, Outcome: o, Message: message})
			}
			return nil
		},
		after: end,
	})
	if err != nil {
		end()
	}
}

// ticks rings every so often, until stopped. A tick that comes while one is
// waited for is left out.
func (s *session) ticks() (stop func()) {
	every := s.cfg.Watch.Every
	if every <= 0 {
		return func() {}
	}
	var timer *time.Timer
	rung := make(chan error, 1)
	timer = time.AfterFunc(every, func() {
		select {
		case rung <- nil:
		default:
			timer.Reset(every)
			return
		}
		err := s.ring(job{f: func(f *Frozen) error {
			s.cfg.Hooks.Event(f, &Event{Kind: TickEvent})
			<-rung
			return nil
		}})
		if err == nil {
			timer.Reset(every)
		}
	})
	return func() { timer.Stop() }
}

// checkWatch says what cannot be watched.
func (c *Config) checkWatch() error {
	w := &c.Watch
	if !w.any() {
		return nil
	}
	switch {
	case c.Engine == Seccomp || c.Engine == Strict:
		return fmt.Errorf("events need stops, and the %s engine makes none for them", c.Engine)
	case c.Hooks.Event == nil:
		return fmt.Errorf("Watch without Hooks.Event")
	}
	for _, name := range w.Calls {
		if _, ok := abi.Native().Number(name); !ok {
			return fmt.Errorf("no call %q on %s", name, abi.Native())
		}
	}
	return nil
}
