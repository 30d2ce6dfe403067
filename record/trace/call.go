package trace

import (
	"strconv"
	"time"

	"warder/abi"
	"warder/decode"
)

// Call is a system call of a thread, from its entry until a [Sink] has been
// told of its end. It is used again for the thread's next one: a sink keeps
// nothing of it.
type Call struct {
	PID, TID int
	// Text is the decoded call: what is known at the entry, and after the
	// return the rest. In a collector that does not decode it has only Arch,
	// Nr and Name.
	Text decode.Call
	Args [6]uint64 // the registers

	Entered time.Time // with a monotonic reading, so that a difference is right
	Left    time.Time // at the return or, without one, when that was known

	// Returned tells that Value and Failed are there. It is false for a call
	// that did not return (exit, or a thread that was killed in it) and for
	// one whose return nobody asked for.
	Returned bool
	Value    uint64 // what was returned, or the positive error number
	Failed   bool

	Verdict *Verdict // nil where the call was simply allowed
	Stack   []string // as the caller's function gave it, innermost first

	// Live counts the threads that are known now.
	Live int
	// Switched tells that the thread made its last call for another
	// architecture: strace says that it runs in another mode.
	Switched bool

	// At the entry; see complete.
	pending bool

	shown bool // Text's: the first half of the line has been written
}

// Duration is the time between entry and return, 0 where it did not return.
func (c *Call) Duration() time.Duration {
	if !c.Returned {
		return 0
	}
	return max(c.Left.Sub(c.Entered), 0)
}

// Event is the call as one event, which shares nothing with c but texts.
func (c *Call) Event() Event {
	e := Event{
		Kind: CallKind, PID: c.PID, TID: c.TID, Time: c.Entered, Duration: c.Duration(),
		Arch: c.Text.Arch.String(), Number: c.Text.Nr, Name: c.Text.Name,
		Errno: "", Result: c.Text.Result, Verdict: c.Verdict, Stack: c.Stack,
	}
	if c.Returned {
		e.Value, e.Errno = hex(c.register()), c.Text.Errno
	}
	for i := range c.Text.Args {
		a := &c.Text.Args[i]
		e.Args = append(e.Args, Arg{Name: a.Name, Raw: hex(a.Raw), Text: a.Text, Path: a.Path})
	}
	return e
}

// register is the result as the program has it in its register: an error is a
// negative number there.
func (c *Call) register() uint64 {
	v := c.Value
	if c.Failed {
		v = -v
	}
	if c.Text.Arch == abi.I386 {
		v = uint64(uint32(v))
	}
	return v
}

func hex(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }
