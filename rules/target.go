package rules

import (
	"cmp"
	"errors"
	"fmt"
)

// Target says what stands behind the seccomp program.
type Target uint8

const (
	// Hybrid has a supervisor at every SECCOMP_RET_TRACE: violations stop, so
	// that they are reported with their call, and so does what registers
	// cannot decide.
	Hybrid Target = iota
	// FilterOnly has none: violations are SECCOMP_RET_KILL_PROCESS, and a
	// rule that needs a stop is an error.
	FilterOnly
	// LoaderStage is Hybrid from execve to the entry point, so that a rule with
	// a stage needs no stop; for policies that Tightens says it of.
	LoaderStage
	// MainStage is Hybrid from the entry point on, for a program that has no
	// loader.
	MainStage
	// StageChange is loaded behind LoaderStage at the entry point: it decides
	// the calls that a rule with a stage names, and allows all others.
	StageChange
	// Notified is for the main stage of a program without a loader whose
	// supervisor does not trace it: where MainStage stops, it notifies
	// (SECCOMP_RET_USER_NOTIF, seccomp_unotify(2)), for foreign architectures
	// too. Of what a rule compares with Value.Self it lets one call run, by which
	// the Go runtime preempts its threads (Preempts), because SelfGuard is loaded
	// behind it. For policies that Notifies says it of.
	Notified
	// SelfGuard decides that call and allows all others. Each child loads it for
	// itself, with its process id; where the policy kills, the kernel does. It
	// cannot notify: only one filter of a process may have a listener.
	SelfGuard
	// Targets is how many there are.
	Targets
)

// StopError says which rule needs a supervisor that the target lacks.
type StopError struct {
	Where  string // file:line
	What   string
	Engine string // "" for seccomp
}

func (e *StopError) Error() string {
	return fmt.Sprintf("%s: %s needs a stop, and the %s engine makes none (use --engine hybrid)", e.Where, e.What, cmp.Or(e.Engine, "seccomp"))
}

// needsStop names what in r only a stop can enforce, or "".
func (r *Rule) needsStop() string {
	switch {
	case len(r.Probe) > 0:
		return "a rule with probe"
	case r.Stage != AnyStage:
		return "a rule with stage " + r.Stage.String()
	case r.Action.Kind == Trace:
		return "action trace"
	case r.Action.Kind == Rewrite:
		return "action " + r.Action.String()
	}
	return ""
}

// stopErrors names every rule that needs a stop.
func (p *Policy) stopErrors() error {
	var errs []error
	for i := range p.Rules {
		// One rule of the source may have become several, one a call.
		r, last := &p.Rules[i], i-1
		again := last >= 0 && p.Rules[last].Line == r.Line && p.Rules[last].Source == r.Source && r.Line != 0
		if what := r.needsStop(); what != "" && !again {
			errs = append(errs, &StopError{Where: p.WhereRule(r), What: what})
		}
	}
	if p.Default.Kind == Trace {
		errs = append(errs, &StopError{Where: p.Where(p.DefaultLine), What: "default action trace"})
	}
	return errors.Join(append(errs, p.TimeStops("seccomp"), p.PathStops("seccomp"))...)
}

// guarded puts rules before p's that answer a program whom nobody traces when it
// sends SIGSYS, to itself or anyone: a death by it is how a foreign
// architecture's call, and without a supervisor every violation, shows there.
func (p *Policy) guarded(action Action) *Policy {
	const sigsys = 31
	guard := func(call, arg string, index int, op Op, bits uint8, value uint64) Rule {
		return Rule{
			Calls: []string{call}, Action: action, Why: "SIGSYS is the filter's",
			When: []Cond{{Arg: arg, Index: index, Bits: bits, Op: op, Values: []Value{{N: value}}}},
		}
	}
	q := *p
	q.Rules = append([]Rule{
		guard("kill", "sig", 1, Eq, 32, sigsys),
		guard("tkill", "sig", 1, Eq, 32, sigsys),
		guard("tgkill", "sig", 2, Eq, 32, sigsys),
		guard("rt_sigqueueinfo", "sig", 1, Eq, 32, sigsys),
		guard("rt_tgsigqueueinfo", "sig", 2, Eq, 32, sigsys),
		guard("pidfd_send_signal", "sig", 1, Eq, 32, sigsys),
		guard("timer_create", "timer_event_spec", 1, Ne, 64, 0), // names its signal in memory
	}, p.Rules...)
	return &q
}
