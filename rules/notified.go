package rules

import "warder/abi"

// Notifies reports whether Notified can hold the main stage of p: there is one
// process, which executes no other program and dies with its supervisor, and
// nothing is to be seen but refusals. What needs registers to be changed, other
// than a call's scalar twin, or a thread to be stopped, takes a tracer.
func (p *Policy) Notifies(arch abi.Arch) bool {
	if !p.ThreadsOnly() || p.executes() || p.TimeStops("") != nil || len(p.Watched) > 0 || seen(p.Default) {
		return false
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Stage != Loader && seen(r.Action) {
			return false
		}
	}
	// The signal that it gets when its supervisor dies is what ends it.
	const setDeathSignal = 1 // PR_SET_PDEATHSIG
	nr, known := arch.Number("prctl")
	call := Call{Arch: arch, Nr: nr, Args: [6]uint64{setDeathSignal}}
	return known && NewMatcher(p, arch).Decide(&call, &Context{Stage: Main}).Action.Refuses()
}

// seen reports whether calls with that action are shown while they run.
func seen(a Action) bool { return a.Kind == Log || a.Kind == Trace }

// ComparesSelf reports whether a rule of the main stage compares with the
// process id: SelfGuard has something to decide.
func (p *Policy) ComparesSelf(arch abi.Arch) bool { return len(p.at(Main).selfCalls(arch)) > 0 }

// selfCalls are the numbers of the calls that a rule compares with Value.Self.
func (p *Policy) selfCalls(arch abi.Arch) map[uint32]bool {
	calls := make(map[uint32]bool)
	for i := range p.Rules {
		if !p.Rules[i].needsSelf() {
			continue
		}
		for _, name := range p.Rules[i].Calls {
			if nr, ok := arch.Number(name); ok {
				calls[nr] = true
			}
		}
	}
	return calls
}
