package trace

import (
	"time"

	"warder/decode"
	"warder/memory"
	"warder/rules"
)

// Options are what a [Collector] looks at and whom it tells. Sink is needed;
// the zero of all else is what strace does without flags.
type Options struct {
	Sink Sink

	// Calls are those that are told of, nil for all. A call that a policy
	// kills for is told of in any case.
	Calls *Set
	// Returns are the calls whose return is waited for, which costs a second
	// stop; nil means all. Others show "?" as their result, no Duration, and
	// only what is known at the entry.
	Returns *Set
	// Status chooses calls by how they end, 0 for all. A call is then told of
	// at its end only.
	Status Status
	// Signals are those that are told of, nil for all.
	Signals *SignalSet
	// Paths are file names: only calls that name one of them, or use a
	// descriptor that is open on one, are told of. See [Paths].
	Paths *Paths

	// MaxString is strace's -s: 0 means 32 bytes, less none.
	MaxString int
	// Descriptors asks for the files of descriptors, strace's -y. It costs a
	// readlink of /proc/PID/fd/N for each.
	Descriptors bool
	// Zone is where file times are told; nil means the machine's.
	Zone *time.Location
	// Undecoded leaves arguments, memory and stacks alone: for [Summary]. With
	// Paths there is no deciding without them.
	Undecoded bool

	// Stack, if it is set, gives a stopped thread's backtrace, one line a
	// frame, innermost first.
	Stack func(tid int) []string

	// Policy is what the verdicts that Enter is given index; nil for a session
	// without one, where a verdict names no rule.
	Policy *rules.Policy

	// Memory gives a thread's memory; nil means memory.Of.
	Memory func(tid int) decode.Memory
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	if o.Sink == nil {
		o.Sink = Tee(nil)
	}
	o.Undecoded = o.Undecoded && o.Paths == nil
	if o.Undecoded {
		o.Stack = nil
	}
	if o.Memory == nil {
		o.Memory = func(tid int) decode.Memory { return memory.Of(tid) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
}
