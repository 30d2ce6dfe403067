package rules

import (
	"errors"
	"fmt"
	"slices"
)

// TSC says what becomes of rdtsc and rdtscp, the instructions that read the
// processor's time stamp counter without a call.
type TSC uint8

const (
	// NativeTSC lets the processor answer.
	NativeTSC TSC = iota
	// EmulateTSC stops each reading; the supervisor answers with a counter
	// that depends on nothing but how often the process has read it.
	EmulateTSC
	// DenyTSC gives a reading SIGSEGV from the program's entry point on. Before
	// it, in the loader, readings are emulated: glibc's makes some at every
	// start, and would not survive one.
	DenyTSC
)

var tscWords = [...]string{NativeTSC: "native", EmulateTSC: "emulate", DenyTSC: "deny"}

// String gives the setting as a policy file spells it, native apart: that is
// said by leaving it out.
func (t TSC) String() string {
	if int(t) < len(tscWords) {
		return tscWords[t]
	}
	return fmt.Sprintf("tsc %d", uint8(t))
}

// Time says how a program may learn the time. The settings are for runs that
// are to be seen through or repeated; both need a supervisor at execve.
type Time struct {
	// Visible hides the vDSO, which reads clocks without a call, from the
	// program's libraries: every reading is a call then, and rules see it.
	Visible bool
	// TSC other than NativeTSC needs Visible, as the vDSO reads the counter,
	// and needs KeepTSC to be the policy's first rule, as Parse puts it.
	TSC TSC

	VisibleLine, TSCLine int // of the policy's source; 0 for a built-in
}

// time reads the key time or tsc.
func (d *document) time(f field) {
	t := &d.policy.Time
	text, ok := d.scalar(f.value, f.key.text)
	switch {
	case !ok:
	case f.key.text == "time" && text == "visible":
		t.Visible, t.VisibleLine = true, f.key.line
	case f.key.text == "time":
		d.at(f.value, "time: %q is not known; the only word is visible", text)
	case text == "emulate":
		t.TSC, t.TSCLine = EmulateTSC, f.key.line
	case text == "deny":
		t.TSC, t.TSCLine = DenyTSC, f.key.line
	default:
		d.at(f.value, "tsc: %q is not known: emulate or deny", text)
	}
}

const prSetTSC = 26 // PR_SET_TSC, linux/prctl.h

// KeepTSC is the rule that keeps a program from switching the counter on
// again, whatever a later rule says of prctl. It comes from the line of tsc.
func KeepTSC(line int) Rule {
	return Rule{
		Calls: []string{"prctl"}, Action: Action{Kind: Errno, Errno: eperm}, Line: line,
		Why:  "tsc: the time stamp counter stays off",
		When: []Cond{{Arg: "option", Index: 0, Bits: 32, Signed: true, Op: Eq, Values: []Value{{N: prSetTSC}}}},
	}
}

// keepsTSC reports whether the first rule does what KeepTSC's does.
func (p *Policy) keepsTSC() bool {
	if len(p.Rules) == 0 {
		return false
	}
	r, k := &p.Rules[0], KeepTSC(0)
	return slices.Equal(r.Calls, k.Calls) && r.Action == k.Action && r.Stage == AnyStage && len(r.Probe) == 0 &&
		len(r.When) == 1 && r.When[0].Index == 0 && r.When[0].Bits == 32 && r.When[0].Op == Eq && slices.Equal(r.When[0].Values, k.When[0].Values)
}

// keepTSC puts the rule before all others.
func (p *Policy) keepTSC() {
	if p.Time.TSC != NativeTSC {
		p.Rules = slices.Insert(p.Rules, 0, KeepTSC(p.Time.TSCLine))
	}
}

// written are the rules that a document says itself.
func (p *Policy) written() []Rule {
	if p.Time.TSC != NativeTSC && p.keepsTSC() {
		return p.Rules[1:]
	}
	return p.Rules
}

// time writes the settings.
func (w *writer) time(t *Time) {
	if t.Visible {
		w.entry(0, "time", "visible")
	}
	if t.TSC != NativeTSC {
		w.entry(0, "tsc", t.TSC.String())
	}
}

// checkTime holds the settings' needs.
func (p *Policy) checkTime(ps *problems) {
	t := &p.Time
	switch {
	case t.TSC == NativeTSC:
		return
	case t.TSC > DenyTSC:
		ps.line(t.TSCLine, "unknown %s", t.TSC)
	case !t.Visible:
		ps.line(t.TSCLine, "tsc: %s needs time: visible, for the vDSO reads the clock with rdtsc", t.TSC)
	}
	if !p.keepsTSC() {
		ps.line(t.TSCLine, "tsc: %s needs the rule KeepTSC before all others, or the program may undo it", t.TSC)
	}
}

// CheckTime is the part of Check that is about time: what a supervisor must
// not take on trust from a policy that nobody checked.
func (p *Policy) CheckTime() error {
	ps := problems{source: p.Source}
	p.checkTime(&ps)
	return ps.err()
}

// TimeStops gives a StopError for each setting of time, for an engine that has
// no supervisor at execve.
func (p *Policy) TimeStops(engine string) error {
	var errs []error
	if p.Time.Visible {
		errs = append(errs, &StopError{p.Where(p.Time.VisibleLine), "time: visible", engine})
	}
	if p.Time.TSC != NativeTSC {
		errs = append(errs, &StopError{p.Where(p.Time.TSCLine), "tsc: " + p.Time.TSC.String(), engine})
	}
	return errors.Join(errs...)
}

// explainTime says where the settings of time are enforced.
func (p *Policy) explainTime() []Placement {
	var out []Placement
	add := func(line int, what, where, cost string) {
		out = append(out, Placement{Line: line, Setting: what, Where: where, Cost: cost})
	}
	if p.Time.Visible {
		add(p.Time.VisibleLine, "time: visible", "auxiliary vector, at each execve", costClock)
	}
	switch p.Time.TSC {
	case EmulateTSC:
		add(p.Time.TSCLine, "tsc: emulate", "stop, at each rdtsc", costTSC)
	case DenyTSC:
		add(p.Time.TSCLine, "tsc: deny", "processor, and a stop at each rdtsc", "SIGSEGV")
	case NativeTSC:
	}
	return out
}

// merge takes from base what t does not say.
func (t *Time) merge(base Time) {
	if !t.Visible {
		t.Visible, t.VisibleLine = base.Visible, 0
	}
	if t.TSC == NativeTSC {
		t.TSC, t.TSCLine = base.TSC, 0
	}
}
