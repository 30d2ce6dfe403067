package trace

import (
	"strconv"
	"time"

	"warder/abi"
)

// Prefix says how a line names its thread.
type Prefix uint8

// The prefixes.
const (
	Brackets Prefix = iota // "[pid 123] ", where more than one thread is known: strace -f on a terminal
	Bare                   // "123 ", always: strace -f -o FILE
)

// Clock is a line's time stamp, in strace's flags -t, -tt and -ttt.
type Clock uint8

// The clocks.
const (
	NoClock Clock = iota
	Seconds       // 15:04:05
	Micros        // 15:04:05.000000
	Unix          // 1136239445.000000, seconds since 1970
)

// TextOptions shape the text. The zero value is strace -f's.
type TextOptions struct {
	Prefix   Prefix
	Clock    Clock
	Relative bool           // -r: since the line before, by the monotonic clock
	Spent    bool           // -T: the time between entry and return
	Column   int            // -a: where " = " stands at least; 0 means 40
	Zone     *time.Location // of Seconds and Micros; nil means the machine's

	// Attached has new threads, and changes of mode, told of on lines that
	// begin with "warder: ". strace does so on standard error only.
	Attached bool
	// NoMode leaves out the changes of mode.
	NoMode bool
	// Signals are those that "+++ killed by SIGKILL +++" is written for; nil
	// means all, as in a collector's options.
	Signals *SignalSet
	// NoExit leaves out "+++ exited with 0 +++".
	NoExit bool
	// NoSuperseded leaves out "+++ superseded by execve in pid 12 +++".
	NoSuperseded bool
	// Hold has nothing written before a call is over: there are no unfinished
	// lines, and a call that blocks is not seen. A collector with a Status
	// holds in any case.
	Hold bool
}

const defaultColumn = 40

// Text writes strace's format.
//
// A call is written in two halves, so that one that blocks is seen: up to the
// first argument that the kernel fills at the entry, the rest at the return.
// What comes in between from another thread ends the line with "<unfinished
// ...>", and "<... read resumed>" takes it up again.
type Text struct {
	out  Output
	opt  TextOptions
	line []byte

	// open is the call whose first half is the last thing written, and column
	// where it ended. A dropped line forgets it: the queue ends an open line
	// itself.
	open   *Call
	column int

	clock stamp
	last  time.Time // of the line before
	base  int       // where in line the current one starts
}

var _ Sink = (*Text)(nil)

// NewText makes a sink of text.
func NewText(out Output, opt TextOptions) *Text {
	if opt.Column == 0 {
		opt.Column = defaultColumn
	}
	if opt.Zone == nil {
		opt.Zone = time.Local
	}
	return &Text{
		out: out, opt: opt, line: make([]byte, 0, 1024),
		clock: stamp{layout: time.TimeOnly, zone: opt.Zone},
	}
}

// Enter writes a call's first half.
func (t *Text) Enter(c *Call) {
	t.line = t.line[:0]
	t.mode(c)
	if t.opt.Hold {
		t.put()
		return
	}
	t.interrupt(nil)
	t.leader(c.TID, c.Live, c.Entered)
	t.line = c.Text.AppendEntered(t.line)
	column := len(t.line) - t.base
	if t.put() {
		t.open, t.column, c.shown = c, column, true
	}
}

// Return writes a call's rest.
func (t *Text) Return(c *Call) {
	t.line = t.line[:0]
	t.base = 0
	switch {
	case c.shown && t.open == c:
		t.base = -t.column
	case c.shown:
		t.interrupt(c)
		t.leader(c.TID, c.Live, c.Left)
		t.line = append(append(append(t.line, "<... "...), c.Text.Name...), " resumed>"...)
	default:
		t.interrupt(c)
		t.leader(c.TID, c.Live, c.Entered)
		t.line = c.Text.AppendEntered(t.line)
	}
	if c.pending && !c.Returned {
		t.line = append(t.line, " <unfinished ...>)"...)
	} else {
		t.line = c.Text.AppendRest(t.line)
	}
	t.line = append(t.line, ' ')
	for len(t.line)-t.base < t.opt.Column {
		t.line = append(t.line, ' ')
	}
	t.line = append(append(t.line, "= "...), c.Text.Result...)
	if c.Verdict != nil {
		t.verdict(c.Verdict)
	}
	if t.opt.Spent && c.Returned {
		t.line = appendSeconds(append(t.line, " <"...), c.Duration(), 0)
		t.line = append(t.line, '>')
	}
	t.line = append(t.line, '\n')
	for _, frame := range c.Stack {
		t.line = append(append(append(t.line, " > "...), frame...), '\n')
	}
	t.open = nil
	t.put()
	c.shown = false
}

// verdict marks a call that a policy did not let be, where strace marks those
// that it tampered with.
func (t *Text) verdict(v *Verdict) {
	t.line = append(append(t.line, " ("...), v.Action...)
	if v.Rule != "" {
		t.line = append(append(t.line, ": "...), v.Rule...)
	}
	t.line = append(t.line, ')')
}

// Tell writes all else.
func (t *Text) Tell(e *Event, live int) {
	t.line = t.line[:0]
	switch e.Kind {
	case BirthKind:
		t.notice("Process ", e.TID, " attached")
		return
	case SignalKind:
		t.start(e, live)
		t.line = append(append(t.line, "--- "...), e.Signal...)
		if e.Text != "" {
			t.line = append(append(t.line, ' '), e.Text...)
		}
		t.line = append(t.line, " ---\n"...)
	case StopKind:
		t.start(e, live)
		t.line = append(append(append(t.line, "--- stopped by "...), e.Signal...), " ---\n"...)
	case ExecKind:
		if t.open != nil && t.open.TID == e.TID {
			// The execve's own line: it goes on under another id.
			t.line = strconv.AppendInt(append(t.line, " <pid changed to "...), int64(e.TID), 10)
			t.line = append(t.line, " ...>\n"...)
			t.open = nil
		}
		if t.opt.NoSuperseded {
			t.put()
			return
		}
		t.start(e, live)
		t.line = append(t.line, "+++ superseded by execve in pid "...)
		t.line = append(strconv.AppendInt(t.line, int64(e.Former), 10), " +++\n"...)
	case EndKind:
		if e.Exit != nil && t.opt.NoExit || e.Exit == nil && !t.killed(e.Signal) {
			return
		}
		t.start(e, live)
		switch {
		case e.Exit != nil:
			t.line = append(t.line, "+++ exited with "...)
			t.line = strconv.AppendInt(t.line, int64(*e.Exit), 10)
		default:
			t.line = append(append(t.line, "+++ killed by "...), e.Signal...)
			if e.Core {
				t.line = append(t.line, " (core dumped)"...)
			}
		}
		t.line = append(t.line, " +++\n"...)
	default:
		return
	}
	t.put()
}

// killed reports whether the end by a signal is to be told of.
func (t *Text) killed(signal string) bool {
	n, known := abi.ParseSignal(signal)
	return !known || t.opt.Signals.Has(n)
}

func (t *Text) start(e *Event, live int) {
	t.interrupt(nil)
	t.leader(e.TID, live, e.Time)
}

// notice is a line of warder's own. As strace's it goes into the middle of
// an open line, which is taken up behind it.
func (t *Text) notice(before string, id int, after string) {
	if !t.opt.Attached {
		return
	}
	t.line = strconv.AppendInt(append(append(t.line, "warder: "...), before...), int64(id), 10)
	t.line = append(append(t.line, after...), '\n')
	t.put()
}

// mode tells of a thread that makes another architecture's calls.
func (t *Text) mode(c *Call) {
	if c.Switched && !t.opt.NoMode {
		bits := " runs in 64 bit mode. ]"
		if c.Text.Arch == abi.I386 {
			bits = " runs in 32 bit mode. ]"
		}
		t.notice("[ Process PID=", c.TID, bits)
		t.line = t.line[:0]
	}
}

// interrupt ends the line of a call that is not the one to be written.
func (t *Text) interrupt(c *Call) {
	if t.open != nil && t.open != c {
		t.line = append(t.line, " <unfinished ...>\n"...)
		t.open = nil
	}
	t.base = len(t.line)
}

// leader writes what stands before a line: the thread and the time.
func (t *Text) leader(tid, live int, now time.Time) {
	switch {
	case t.opt.Prefix == Bare:
		start := len(t.line)
		t.line = strconv.AppendInt(t.line, int64(tid), 10)
		for len(t.line)-start < 5 {
			t.line = append(t.line, ' ')
		}
		t.line = append(t.line, ' ')
	case live > 1:
		t.line = append(t.line, "[pid "...)
		start := len(t.line)
		t.line = justify(strconv.AppendInt(t.line, int64(tid), 10), start, 5)
		t.line = append(t.line, "] "...)
	}
	switch t.opt.Clock {
	case NoClock:
	case Seconds:
		t.line = append(t.clock.append(t.line, now), ' ')
	case Micros:
		t.line = append(appendMicros(t.clock.append(t.line, now), now.Nanosecond()), ' ')
	case Unix:
		t.line = appendMicros(strconv.AppendInt(t.line, now.Unix(), 10), now.Nanosecond())
		t.line = append(t.line, ' ')
	}
	if t.opt.Relative {
		since := time.Duration(0)
		if !t.last.IsZero() {
			since = max(now.Sub(t.last), 0)
		}
		t.last = now
		if t.opt.Clock != NoClock {
			t.line = append(appendSeconds(append(t.line, "(+"...), since, 6), ") "...)
		} else {
			t.line = append(appendSeconds(t.line, since, 6), ' ')
		}
	}
}

// put hands the line out. A line that is refused leaves no line open.
func (t *Text) put() bool {
	if len(t.line) == 0 || t.out.Put(t.line) {
		return true
	}
	t.open = nil
	return false
}
