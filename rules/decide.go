package rules

import (
	"slices"
	"strings"

	"warder/abi"
)

// Call is what a decision rests on: registers, as PTRACE_GET_SYSCALL_INFO
// reports them.
type Call struct {
	Arch abi.Arch
	Nr   uint32
	Args [6]uint64
}

// Context is what the supervisor itself knows at a stop.
type Context struct {
	Stage Stage  // Loader or Main
	Self  uint32 // process id for Value.Self
	// Path reads the string that argument i points to. It is asked only for
	// rules with Probe, whose answer chooses between refusals. Nil, or false,
	// means unreadable: no probe matches.
	Path func(i int) (string, bool)
}

// Verdict is the answer for one call.
type Verdict struct {
	Action Action
	Rule   int    // index into Policy.Rules; -1 for the default and fixed rules
	Reason string // fixed words for what no rule says
}

// Reasons of verdicts that no rule of the policy gives.
const (
	ReasonArch    = "foreign architecture"
	ReasonDefault = "default action"
	ReasonNewer   = "newer than the policy"
	// ReasonUntraced is about clone with CLONE_UNTRACED, and clone3, whose
	// flags no rule can see: a policy that permits them means children, and
	// not children without a supervisor.
	ReasonUntraced = "a child that no supervisor would see"
)

// Matcher is a policy prepared for deciding: rules by call number.
type Matcher struct {
	policy *Policy
	native abi.Arch
	byNr   [][]int32 // rule indices in order, by number

	clone, clone3 uint32
}

// Errnos of fixed verdicts.
const (
	eperm  = 1
	enosys = 38
)

// NewMatcher prepares p for native calls of arch.
func NewMatcher(p *Policy, arch abi.Arch) *Matcher {
	m := &Matcher{policy: p, native: arch, byNr: make([][]int32, 0, 512)}
	m.clone, m.clone3 = numberOr(arch, "clone"), numberOr(arch, "clone3")
	for i := range p.Rules {
		for _, name := range p.Rules[i].Calls {
			nr, ok := arch.Number(name)
			if !ok {
				continue // a call of another architecture
			}
			for int(nr) >= len(m.byNr) {
				m.byNr = append(m.byNr, nil)
			}
			if !slices.Contains(m.byNr[nr], int32(i)) {
				m.byNr[nr] = append(m.byNr[nr], int32(i))
			}
		}
	}
	return m
}

// numberOr is a call's number, or one that no call has.
func numberOr(arch abi.Arch, name string) uint32 {
	if nr, ok := arch.Number(name); ok {
		return nr
	}
	return ^uint32(0)
}

// Policy is the policy that m decides by.
func (m *Matcher) Policy() *Policy { return m.policy }

func (m *Matcher) rulesOf(nr uint32) []int32 {
	if int64(nr) < int64(len(m.byNr)) {
		return m.byNr[nr]
	}
	return nil
}

// Decide gives the verdict for one call. It is pure, allocates nothing, and
// ctx.Path is its only way to the program's memory.
func (m *Matcher) Decide(c *Call, ctx *Context) Verdict {
	// The program refuses by the same comparison: what lies above x32's bit is
	// x32's, or no call at all.
	if c.Arch != m.native || m.native == abi.X86_64 && c.Nr >= abi.X32Bit {
		return Verdict{Action: Action{Kind: Kill}, Rule: -1, Reason: ReasonArch}
	}
	v := m.byRules(c, ctx)
	if !v.Action.Refuses() {
		switch c.Nr {
		case m.clone:
			if c.Args[0]&cloneUntraced != 0 {
				return Verdict{Action: Action{Kind: Errno, Errno: eperm}, Rule: -1, Reason: ReasonUntraced}
			}
		case m.clone3:
			return Verdict{Action: Action{Kind: Errno, Errno: enosys}, Rule: -1, Reason: ReasonUntraced}
		}
	}
	return v
}

// byRules is what the policy itself says.
func (m *Matcher) byRules(c *Call, ctx *Context) Verdict {
	for _, i := range m.rulesOf(c.Nr) {
		r := &m.policy.Rules[i]
		if r.Stage != AnyStage && r.Stage != ctx.Stage {
			continue
		}
		if !holds(r.When, c, ctx.Self) {
			continue
		}
		if len(r.Probe) > 0 && !m.probed(r, c, ctx) {
			continue
		}
		return Verdict{Action: r.Action, Rule: int(i)}
	}
	if m.policy.LastKnown != 0 && c.Nr > m.policy.LastKnown {
		return Verdict{Action: newerAction, Rule: -1, Reason: ReasonNewer}
	}
	return Verdict{Action: m.policy.Default, Rule: -1, Reason: ReasonDefault}
}

// newerAction answers calls that the policy's author could not know.
var newerAction = Action{Kind: Errno, Errno: enosys}

func holds(conds []Cond, c *Call, self uint32) bool {
	for i := range conds {
		if !conds[i].holds(c.Args[conds[i].Index], self) {
			return false
		}
	}
	return true
}

// narrow keeps what the kernel reads of a register.
func narrow(v uint64, bits uint8) uint64 {
	if bits >= 64 {
		return v
	}
	return v & (1<<bits - 1)
}

// order maps v so that unsigned comparison orders signed values: the sign bit
// flipped, as the seccomp program does it.
func (c *Cond) order(v uint64) uint64 {
	if c.Signed {
		return v ^ 1<<(c.Bits-1)
	}
	return v
}

func (c *Cond) value(i int, self uint32) uint64 {
	if c.Values[i].Self {
		return uint64(self)
	}
	return narrow(c.Values[i].N, c.Bits)
}

func (c *Cond) holds(raw uint64, self uint32) bool {
	v := narrow(raw, c.Bits)
	switch c.Op {
	case Eq:
		return v == c.value(0, self)
	case Ne:
		return v != c.value(0, self)
	case Lt:
		return c.order(v) < c.order(c.value(0, self))
	case Le:
		return c.order(v) <= c.order(c.value(0, self))
	case Gt:
		return c.order(v) > c.order(c.value(0, self))
	case Ge:
		return c.order(v) >= c.order(c.value(0, self))
	case Masked:
		return v&narrow(c.Mask, c.Bits) == c.value(0, self)
	case In:
		for i := range c.Values {
			if v == c.value(i, self) {
				return true
			}
		}
	}
	return false
}

// probed reads the call's first path argument and matches it. The path is
// memory that a sibling thread may change: Check has made sure that every
// outcome from here on refuses.
func (m *Matcher) probed(r *Rule, c *Call, ctx *Context) bool {
	if ctx.Path == nil {
		return false
	}
	name, ok := m.native.Name(c.Nr)
	if !ok {
		return false
	}
	i := PathArg(name)
	if i < 0 {
		return false
	}
	path, ok := ctx.Path(i)
	if !ok {
		return false
	}
	return probed(r.Probe, path)
}

// probed reports whether a path is among probes, or in the tree of one.
func probed(probes []string, path string) bool {
	for _, p := range probes {
		if path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// PathArg is the index of the first path argument of a call, or -1.
func PathArg(name string) int {
	sig, ok := abi.Lookup(name)
	if !ok {
		return -1
	}
	for i, a := range sig.Args {
		if a.Kind == abi.Path {
			return i
		}
	}
	return -1
}
