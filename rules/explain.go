package rules

import (
	"slices"

	"warder/abi"
)

// Placement says where the calls of one rule are decided, and what that costs
// a call that the rule decides.
type Placement struct {
	Line  int      // of the policy's source; 0 for what no line says
	Calls []string // as the rule names them; empty for Landlock's grants
	Paths []string // Landlock's grants, with "?" behind optional ones
	// Setting is a key of the policy that is no rule, with its value; then
	// there are no calls, no paths and no action.
	Setting string
	Action  Action
	Where   string
	Cost    string
}

// Costs of one call, measured on Linux 6.18: see docs/performance.md. They are
// orders of magnitude, for choosing between rules.
const (
	costFree     = "free"
	costArgument = "about 55 ns"
	costErrno    = "0.2 us"
	costLog      = "an audit record"
	costStop     = "about 10 us"
	costTwin     = "about 20 us" // a stop at entry and one at exit
	costEnd      = "the program ends"
	costNever    = "never reached"
	costTSC      = "about 30 us" // the stop, and switches that toggle CR4.TSD
	costClock    = "0.35 us a reading, not 0.03"
)

// Places.
const (
	byNumber   = "kernel, by number"
	byArgument = "kernel, by argument"
	atStop     = "stop"
	nowhere    = "earlier rules decide every call"
)

// Explain tells for each rule of p, in order, where Lower puts it for native
// calls and target: calls of one rule that come out differently have a
// placement each. Landlock's grants come first, the default action and what
// no rule says last.
//
// A kill under Hybrid stops, so that it is reported with its call; the numbers
// of calls that no rule names are settled with the default. execveat is never
// decided by its number alone, for the launch's key is in its arguments.
func (p *Policy) Explain(target Target) []Placement {
	arch := abi.Native()
	var out []Placement
	out = append(out, p.explainPaths()...)
	out = append(out, p.explainNetwork()...)
	out = append(out, p.explainTime()...)
	seen := make(map[string][]int, 128) // rules so far, by call
	for i := range p.Rules {
		r := &p.Rules[i]
		first := len(out)
		for _, call := range r.Calls {
			where, cost := "none: no call of "+arch.String(), costNever
			if _, ok := arch.Number(call); ok {
				where, cost = p.place(i, call, seen[call], target)
			}
			seen[call] = append(seen[call], i)
			j := first + slices.IndexFunc(out[first:], func(at Placement) bool { return at.Where == where && at.Cost == cost })
			if j < first {
				out = append(out, Placement{Line: r.Line, Action: r.Action, Where: where, Cost: cost})
				j = len(out) - 1
			}
			out[j].Calls = append(out[j].Calls, call)
		}
	}
	if p.LastKnown != 0 {
		out = append(out, Placement{Calls: []string{"calls newer than the policy"}, Action: newerAction, Where: byNumber, Cost: costErrno})
	}
	where, cost := byNumber, costOf(p.Default, false)
	if stops(p.Default, target) {
		where = atStop
	}
	return append(out,
		Placement{Line: p.DefaultLine, Calls: []string{"any other call"}, Action: p.Default, Where: where, Cost: cost},
		Placement{Calls: []string{"calls of foreign architectures"}, Action: Action{Kind: Kill}, Where: "kernel, by architecture", Cost: costEnd})
}

// place is where rule i decides call, behind the earlier rules of that call.
func (p *Policy) place(i int, call string, earlier []int, target Target) (where, cost string) {
	r := &p.Rules[i]
	argument := len(r.When) > 0 || call == "execveat"
	for _, j := range earlier {
		e := &p.Rules[j]
		switch {
		case len(e.When) > 0:
			argument = true
		case p.needsStop(e) == "" && e.Stage == AnyStage:
			return nowhere, costNever
		case p.needsStop(e) == "":
			continue // it is in one stage's program only
		default:
			// The earlier rule stops every call that gets to it.
			return atStop, costAtStop(r.Action)
		}
	}
	switch {
	case p.needsStop(r) != "" || stops(r.Action, target), target == Hybrid && affinityCall(call) && !r.Action.Refuses():
		return atStop, costAtStop(r.Action)
	case argument:
		return byArgument, costOf(r.Action, true)
	}
	return byNumber, costOf(r.Action, false)
}

// needsStop is Rule.needsStop, where the stages of p may be held by programs of
// their own.
func (p *Policy) needsStop(r *Rule) string {
	if r.Stage != AnyStage && p.Tightens() {
		bare := *r
		bare.Stage = AnyStage
		r = &bare
	}
	return r.needsStop()
}

// stops reports whether an action needs the supervisor, whatever the rule.
func stops(a Action, target Target) bool {
	return a.Kind == Trace || a.Kind == Rewrite || a.Kind == Kill && target == Hybrid
}

func costAtStop(a Action) string {
	switch a.Kind {
	case Kill:
		return costEnd
	case Rewrite:
		return costTwin
	case Allow, Log, Errno, Trace:
	}
	return costStop
}

// costOf is the cost of what the filter does by itself.
func costOf(a Action, argument bool) string {
	cost := costFree
	switch a.Kind {
	case Kill:
		return costEnd
	case Trace, Rewrite:
		return costAtStop(a)
	case Log:
		cost = costLog
	case Errno:
		cost = costErrno
	case Allow:
		if argument {
			return costArgument
		}
	}
	if argument {
		cost += " and " + costArgument
	}
	return cost
}
