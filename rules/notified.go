package rules

import "slices"

// Notifies reports whether Notified can hold the main stage of p: there is one
// process, which executes no other program and dies with its supervisor, and
// nothing is to be seen but refusals. What needs registers to be changed, other
// than a call's scalar twin, or a thread to be stopped, takes a tracer.
func (p *Policy) Notifies() bool {
	if !p.ThreadsOnly() || p.executes() || p.TimeStops("") != nil || len(p.Watched) > 0 || seen(p.Default) {
		return false
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Stage != Loader && seen(r.Action) {
			return false
		}
	}
	return !p.outlives()
}

// outlives reports whether the program may get rid of the signal that it gets
// when its supervisor dies: by prctl(PR_SET_PDEATHSIG), or by a change of its
// credentials, which clears it (commit_creds, kernel/cred.c).
func (p *Policy) outlives() bool {
	for _, call := range [...]string{
		"unshare", "setns", "capset", "setgroups", "setuid", "setgid", "setreuid", "setregid",
		"setresuid", "setresgid", "setfsuid", "setfsgid",
	} {
		if p.MayRun(call, Main) {
			return true
		}
	}
	const setDeathSignal = 1 // PR_SET_PDEATHSIG
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Stage == Loader || !slices.Contains(r.Calls, "prctl") {
			continue
		}
		matches, always := true, len(r.Probe) == 0
		for j := range r.When {
			if c := &r.When[j]; c.Index == 0 {
				matches = matches && c.holds(setDeathSignal, 0)
			} else {
				always = false
			}
		}
		switch {
		case matches && !r.Action.Refuses():
			return true
		case matches && always:
			return false
		}
	}
	return !p.Default.Refuses()
}

// seen reports whether calls with that action are shown while they run.
func seen(a Action) bool { return a.Kind == Log || a.Kind == Trace }

// The Go runtime preempts a thread by tgkill(own process, thread, SIGURG)
// (runtime/signal_unix.go, sigPreempt).
const (
	preemptCall   = "tgkill"
	preemptSignal = 23
)

// Preempts reports whether the main stage has a rule that compares the process
// which tgkill names with the caller's own: SelfGuard has something to decide.
func (p *Policy) Preempts() bool {
	for i := range p.Rules {
		r := &p.Rules[i]
		if (r.Stage == AnyStage || r.Stage == Main) && r.needsSelf() && slices.Contains(r.Calls, preemptCall) {
			return true
		}
	}
	return false
}

// preempting puts a rule before p's that allows tgkill of SIGURG, or of
// everything else.
func (p *Policy) preempting(op Op) *Policy {
	q := *p
	q.Rules = append([]Rule{{
		Calls: []string{preemptCall}, Action: Action{Kind: Allow},
		When: []Cond{{Arg: "sig", Index: 2, Bits: 32, Op: op, Values: []Value{{N: preemptSignal}}}},
	}}, p.Rules...)
	return &q
}
