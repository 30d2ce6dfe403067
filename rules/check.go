package rules

import (
	"fmt"
	"slices"
	"strings"

	"warder/internal/guess"
)

// Check reports everything that makes p unfit to be enforced, one
// *[ParseError] a problem, joined in the order of lines; nil if there is
// nothing. Parse has already called it.
func (p *Policy) Check() error {
	ps := problems{source: p.Source}
	p.check(&ps)
	return ps.err()
}

func (p *Policy) check(ps *problems) {
	if msg := badAction(p.Default); msg != "" {
		ps.line(p.DefaultLine, "default: %s", msg)
	}
	if p.Default.Kind == Rewrite {
		ps.line(p.DefaultLine, "default: %s names one call's twin, not what happens to any call", p.Default)
	}
	p.checkPaths(ps)
	p.checkPorts(ps)
	p.checkScope(ps)
	for i := range p.Rules {
		r := &p.Rules[i]
		for _, msg := range r.problems() {
			ps.line(r.Line, "%s", msg)
		}
		if len(r.Probe) > 0 {
			p.checkProbe(ps, i)
		}
	}
	p.checkReach(ps)
	p.checkTime(ps)
	p.checkStages(ps)
	if len(ps.list) == 0 { // conditions are fit to be looked at
		p.checkTCP(ps)
	}
}

func badAction(a Action) string {
	switch {
	case a.Kind > Rewrite:
		return "unknown " + a.String()
	case a.Kind == Errno && (a.Errno < 1 || a.Errno > maxErrno):
		return errnoRange(uint64(a.Errno)).Error()
	}
	return ""
}

// problems checks a rule by itself. Parse sees most of this at better
// positions; what a program builds has only this.
func (r *Rule) problems() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if msg := badAction(r.Action); msg != "" {
		add("%s", msg)
	}
	if r.Stage > Main {
		add("unknown stage %d", r.Stage)
	}
	if len(r.Calls) == 0 {
		add("the rule names no call")
	}
	for _, call := range r.Calls {
		if !knownCall(call) {
			add("unknown syscall %q%s", call, guess.Hint(call, allCalls()))
		}
	}
	for i := range r.When {
		if msg := r.When[i].problem(); msg != "" {
			add("%s", msg)
		}
	}
	for _, name := range r.Probe {
		if msg := badProbe(name); msg != "" {
			add("%s", msg)
		}
	}
	if r.Action.Kind == Rewrite {
		for _, call := range r.Calls {
			if msg := r.badRewrite(call); msg != "" {
				add("%s", msg)
			}
		}
	}
	return out
}

func (c *Cond) problem() string {
	switch {
	case c.Index < 0 || c.Index > 5:
		return fmt.Sprintf("condition on %s: a call has arguments 0 to 5, not %d", c.Arg, c.Index)
	case c.Bits != 16 && c.Bits != 32 && c.Bits != 64:
		return fmt.Sprintf("condition on %s: a width of %d bits", c.Arg, c.Bits)
	case c.Op > Masked:
		return fmt.Sprintf("condition on %s: unknown %s", c.Arg, c.Op)
	case len(c.Values) == 0 || len(c.Values) > 1 && c.Op != In:
		return fmt.Sprintf("condition on %s: %s with %d values", c.Arg, c.Op, len(c.Values))
	case c.Op == Masked && c.Mask != narrow(c.Mask, c.Bits):
		return fmt.Sprintf("%s is read as %d bits by the kernel: the mask %#x does not fit", c.Arg, c.Bits, c.Mask)
	case c.Op == Masked && c.Values[0].N&^c.Mask != 0:
		return fmt.Sprintf("condition on %s: never true, the value %#x has bits that the mask leaves out", c.Arg, c.Values[0].N)
	}
	for _, v := range c.Values {
		switch {
		case v.Self && c.Op != Eq && c.Op != Ne && c.Op != In:
			return fmt.Sprintf("condition on %s: self goes with eq, ne and in only", c.Arg)
		case v.N != narrow(v.N, c.Bits):
			return fmt.Sprintf("%s is read as %d bits by the kernel: %#x does not fit", c.Arg, c.Bits, v.N)
		}
	}
	return ""
}

// atEmptyPath is AT_EMPTY_PATH: without it newfstatat reads its path, and the
// twin would answer about another file.
const atEmptyPath = 0x1000

func (r *Rule) badRewrite(call string) string {
	twin, ok := TwinOf(call, r.Action.Twin)
	if !ok {
		return fmt.Sprintf("%s cannot be rewritten to %s", call, r.Action.Twin)
	}
	if twin.From == "newfstatat" && !slices.ContainsFunc(r.When, func(c Cond) bool { return c.demands(3, atEmptyPath) }) {
		return "rewrite(fstat) needs a condition that demands AT_EMPTY_PATH in newfstatat's flag: when: {flag: AT_EMPTY_PATH}"
	}
	return ""
}

// demands reports whether c holds only where argument index has all of bits.
func (c *Cond) demands(index int, bits uint64) bool {
	if c.Index != index {
		return false
	}
	with := func(v Value) bool { return !v.Self && v.N&bits == bits }
	switch c.Op {
	case Eq, In:
		return !slices.ContainsFunc(c.Values, func(v Value) bool { return !with(v) })
	case Masked:
		return c.Mask&bits == bits && with(c.Values[0])
	case Ne, Lt, Le, Gt, Ge:
	}
	return false
}

// excludes reports whether c never holds where argument index has all of bits.
func (c *Cond) excludes(index int, bits uint64) bool {
	if c.Index != index {
		return false
	}
	switch c.Op {
	case Eq, In:
		return !slices.ContainsFunc(c.Values, func(v Value) bool { return v.Self || v.N&bits == bits })
	case Masked:
		return c.Mask&bits&^c.Values[0].N != 0
	case Ne, Lt, Le, Gt, Ge:
	}
	return false
}

// stages is the set of stages in which a rule applies.
type stages uint8

const (
	inLoader stages = 1 << iota
	inMain
	inAny = inLoader | inMain
)

func (s Stage) set() stages {
	switch s {
	case Loader:
		return inLoader
	case Main:
		return inMain
	case AnyStage:
	}
	return inAny
}

// always reports whether r decides each of its calls wherever it applies.
func (r *Rule) always() bool { return len(r.When) == 0 && len(r.Probe) == 0 }

// checkProbe holds the rule that makes probes safe: the path is read from
// memory that another thread may be changing, so whichever way the comparison
// falls the call must be refused. Conditions of later rules are not weighed:
// any later rule for the same call counts.
func (p *Policy) checkProbe(ps *problems, i int) {
	r := &p.Rules[i]
	if !r.Action.Refuses() {
		ps.line(r.Line, "probe goes with errno and kill only, not with %s: %s", r.Action, probeReason)
	}
	for _, call := range r.Calls {
		if knownCall(call) && PathArg(call) < 0 {
			ps.line(r.Line, "%s has no path argument to probe", call)
			continue
		}
		open := r.Stage.set() // the stages in which no rule has settled the call yet
		for j := i + 1; j < len(p.Rules) && open != 0; j++ {
			later := &p.Rules[j]
			if open&later.Stage.set() == 0 || !slices.Contains(later.Calls, call) {
				continue
			}
			if !later.Action.Refuses() {
				ps.line(r.Line, "where the probe fails, line %d answers %s with %s: %s", later.Line, call, later.Action, probeReason)
				open = 0
			} else if later.always() {
				open &^= later.Stage.set()
			}
		}
		if open != 0 && !p.Default.Refuses() {
			ps.line(r.Line, "where the probe fails, the default answers %s with %s: %s", call, p.Default, probeReason)
		}
	}
}

const probeReason = "a path read from the program's memory may choose between two refusals only"

// checkReach finds rules that earlier unconditional ones leave nothing to
// decide: their author believes in something that never happens.
func (p *Policy) checkReach(ps *problems) {
	type cover struct {
		stages stages
		line   int
	}
	covered := map[string]cover{}
	for i := range p.Rules {
		r := &p.Rules[i]
		var lost []string
		line := 0
		for _, call := range r.Calls {
			if c := covered[call]; c.stages != 0 && r.Stage.set()&^c.stages == 0 {
				lost, line = append(lost, call), max(line, c.line)
			}
		}
		switch {
		case len(lost) == 0:
		case len(lost) == len(r.Calls):
			ps.line(r.Line, "rule never reached: line %d decides every %s", line, join(lost))
		default:
			ps.line(r.Line, "rule never reached for %s: line %d decides every such call", join(lost), line)
		}
		if r.always() {
			for _, call := range r.Calls {
				c := covered[call]
				covered[call] = cover{c.stages | r.Stage.set(), r.Line}
			}
		}
	}
}

// join lists names in a sentence.
func join(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
