package rules

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"warder/abi"
	"warder/rules/bpf"
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
)

// StopError says which rule needs a supervisor that the target lacks.
type StopError struct {
	Where string // file:line
	What  string
}

func (e *StopError) Error() string {
	return fmt.Sprintf("%s: %s needs a stop, and the seccomp engine makes none (use --engine hybrid)", e.Where, e.What)
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

// Lower compiles p for calls of arch. The program refuses foreign
// architectures outright, decides by number in a balanced tree, and loads an
// argument only once the number is settled, so that every unconditional allow
// is in the kernel's constant-action bitmap and costs nothing.
//
// The calls of a launch (LaunchCalls) are allowed with the secret key of the
// stub in their unused sixth argument: the stub makes them before the program
// exists, and no program can know the key.
//
// Under Hybrid, where Value.Self decides, the call stops: the program is loaded
// by the stub, once for all its children, before there is a process id.
//
// Seccomp programs are loaded per stub because loading one costs as much as a
// launch: the kernel compiles it and runs it once for every call number.
func Lower(p *Policy, arch abi.Arch, target Target) (*bpf.Program, error) {
	l := lowering{
		policy: p, arch: arch, target: target,
		match:  NewMatcher(p, arch),
		bodies: make(map[body]bpf.Label),
	}
	if target == FilterOnly {
		var errs []error
		for i := range p.Rules {
			// One rule of the source may have become several, one a call.
			r, last := &p.Rules[i], i-1
			again := last >= 0 && p.Rules[last].Line == r.Line && p.Rules[last].Source == r.Source && r.Line != 0
			if what := r.needsStop(); what != "" && !again {
				errs = append(errs, &StopError{p.WhereRule(r), what})
			}
		}
		if p.Default.Kind == Trace {
			errs = append(errs, &StopError{p.Source, "default action trace"})
		}
		if len(errs) > 0 {
			return nil, errors.Join(errs...)
		}
	}
	tree := l.tree(l.intervals())
	if arch == abi.X86_64 {
		tree = l.b.Jge(abi.X32Bit, l.b.Ret(bpf.RetKillProcess), tree)
	}
	entry := l.b.Load(bpf.OffNr, tree)
	entry = l.b.Jeq(arch.Audit(), entry, l.b.Ret(bpf.RetKillProcess))
	return l.b.Finish(l.b.Load(bpf.OffArch, entry))
}

// LaunchCalls are the calls that a stub makes to set a child up, package jail.
var LaunchCalls = [...]string{
	"clone", "recvmsg", "dup3", "setpgid", "fchdir", "prlimit64", "setgroups",
	"setresgid", "setresuid", "prctl", "capset", "landlock_restrict_self",
	"close_range", "seccomp", "kill", "execveat",
}

func launchCall(name string) bool { return slices.Contains(LaunchCalls[:], name) }

type lowering struct {
	policy *Policy
	arch   abi.Arch
	target Target
	match  *Matcher
	b      bpf.Builder
	bodies map[body]bpf.Label // argument blocks by what they do
}

// body says how one call is decided. Calls with equal bodies share their code,
// and neighbours of equal bodies are one interval.
type body struct {
	constant bool
	ret      uint32 // where constant
	rules    string // the indices of its rules, packed
	launch   bool   // allowed with the stub's key
	guard    int    // argument with a signal that may not be SIGSYS, or -1
	fallback Action // what no rule decides
}

// interval is a run of numbers from first on that one body decides.
type interval struct {
	first uint32
	body
	list []int32
}

func (l *lowering) intervals() []interval {
	top := max(len(l.match.byNr), int(l.policy.LastKnown)+1)
	for _, name := range LaunchCalls {
		if nr, ok := l.arch.Number(name); ok {
			top = max(top, int(nr)+1)
		}
	}
	var out []interval
	for nr := range uint32(top) + 1 { // the last one stands for all above
		b, list := l.bodyOf(nr)
		if n := len(out); n > 0 && out[n-1].body == b {
			continue
		}
		out = append(out, interval{nr, b, list})
	}
	return out
}

func (l *lowering) bodyOf(nr uint32) (body, []int32) {
	name, _ := l.arch.Name(nr)
	list, fallback := l.match.rulesOf(nr), l.fallback(nr)
	b := body{launch: launchCall(name), guard: l.guard(name)}
	if ret, ok := l.constant(list, fallback); ok {
		if (!b.launch || ret == bpf.RetAllow) && b.guard < 0 {
			return body{constant: true, ret: ret, guard: -1}, nil
		}
	}
	packed := make([]byte, 0, 4*len(list))
	for _, i := range list {
		packed = binary.LittleEndian.AppendUint32(packed, uint32(i))
	}
	b.rules, b.fallback = string(packed), fallback
	return b, list
}

// fallback is what decides a call that no rule matches.
func (l *lowering) fallback(nr uint32) Action {
	if l.policy.LastKnown != 0 && nr > l.policy.LastKnown {
		return newerAction
	}
	return l.policy.Default
}

// constant reports whether the number alone decides, and how.
func (l *lowering) constant(rules []int32, fallback Action) (uint32, bool) {
	if len(rules) == 0 {
		return l.ret(fallback), true
	}
	r := &l.policy.Rules[rules[0]]
	if len(r.When) > 0 {
		return 0, false
	}
	return l.ruleRet(r), true
}

func (l *lowering) ruleRet(r *Rule) uint32 {
	if r.needsStop() != "" {
		return bpf.RetTrace
	}
	return l.ret(r.Action)
}

func (l *lowering) ret(a Action) uint32 {
	switch a.Kind {
	case Allow:
		return bpf.RetAllow
	case Log:
		return bpf.RetLog
	case Errno:
		return bpf.RetErrno | a.Errno&bpf.RetData
	case Trace, Rewrite:
		return bpf.RetTrace
	case Kill:
	}
	if l.target == FilterOnly {
		return bpf.RetKillProcess
	}
	return bpf.RetTrace
}

// tree is a balanced binary search over the intervals.
func (l *lowering) tree(in []interval) bpf.Label {
	if len(in) == 1 {
		return l.place(&in[0])
	}
	mid := len(in) / 2
	// The upper half is placed first: it ends up further from the start.
	high := l.tree(in[mid:])
	low := l.tree(in[:mid])
	return l.b.Jge(in[mid].first, high, low)
}

// place emits the argument checks of one call, from the last rule up.
func (l *lowering) place(in *interval) bpf.Label {
	if in.constant {
		return l.b.Ret(in.ret)
	}
	if at, ok := l.bodies[in.body]; ok {
		return at
	}
	next := l.b.Ret(l.ret(in.fallback))
	for i := len(in.list) - 1; i >= 0; i-- {
		r := &l.policy.Rules[in.list[i]]
		ret := l.ruleRet(r)
		if l.target == Hybrid && r.needsSelf() {
			ret = bpf.RetTrace
		}
		yes := l.b.Ret(ret)
		for j := len(r.When) - 1; j >= 0; j-- {
			if l.target == Hybrid && r.When[j].self() {
				continue // decided at the stop
			}
			yes = l.cond(&r.When[j], yes, next)
		}
		next = yes
	}
	if in.launch {
		next = l.launchKey(next)
	}
	if in.guard >= 0 {
		next = l.b.Load(bpf.OffArgLow(in.guard), l.b.Jeq(sigsys, l.b.Ret(bpf.RetErrno|eperm), next))
	}
	l.bodies[in.body] = next
	return next
}

// Without a supervisor a death by SIGSYS is how a violation shows, so a program
// may not send that signal, to itself or anyone.
const (
	sigsys = 31
	eperm  = 1
)

// guard is the index of the signal argument of a call that sends one, where
// nobody watches; else -1.
func (l *lowering) guard(name string) int {
	if l.target != FilterOnly {
		return -1
	}
	switch name {
	case "kill", "tkill", "rt_sigqueueinfo", "pidfd_send_signal":
		return 1
	case "tgkill", "rt_tgsigqueueinfo":
		return 2
	}
	return -1
}

// self reports whether c compares with Value.Self.
func (c *Cond) self() bool {
	for _, v := range c.Values {
		if v.Self {
			return true
		}
	}
	return false
}

func (r *Rule) needsSelf() bool {
	for i := range r.When {
		if r.When[i].self() {
			return true
		}
	}
	return false
}

// launchKey allows a stub's call, known by the key in argument 5.
func (l *lowering) launchKey(no bpf.Label) bpf.Label {
	yes := l.b.Ret(bpf.RetAllow)
	low := l.b.Load(bpf.OffArgLow(5), l.b.JeqSlot(bpf.SlotKeyLow, yes, no))
	return l.b.Load(bpf.OffArgHigh(5), l.b.JeqSlot(bpf.SlotKeyHigh, low, no))
}

// cond places one condition.
func (l *lowering) cond(c *Cond, yes, no bpf.Label) bpf.Label {
	switch c.Op {
	case Eq:
		return l.equal(c, c.Values[:1], ^uint64(0), yes, no)
	case Ne:
		return l.equal(c, c.Values[:1], ^uint64(0), no, yes)
	case In:
		return l.equal(c, c.Values, ^uint64(0), yes, no)
	case Masked:
		return l.equal(c, c.Values[:1], c.Mask, yes, no)
	case Gt:
		return l.above(c, true, yes, no)
	case Le:
		return l.above(c, true, no, yes)
	case Ge:
		return l.above(c, false, yes, no)
	case Lt:
		return l.above(c, false, no, yes)
	}
	return no
}

// equal goes to yes where argument&mask is one of values.
func (l *lowering) equal(c *Cond, values []Value, mask uint64, yes, no bpf.Label) bpf.Label {
	mask = narrow(mask, c.Bits)
	low := func(v Value, no bpf.Label) bpf.Label {
		if v.Self {
			return l.b.JeqSlot(bpf.SlotSelf, yes, no)
		}
		return l.b.Jeq(uint32(narrow(v.N, c.Bits)), yes, no)
	}
	load := func(off uint32, mask uint32, next bpf.Label) bpf.Label {
		if mask != ^uint32(0) {
			next = l.b.And(mask, next)
		}
		return l.b.Load(off, next)
	}
	if c.Bits <= 32 {
		at := no
		for i := len(values) - 1; i >= 0; i-- {
			at = low(values[i], at)
		}
		if at == yes || at == no {
			return at
		}
		return load(bpf.OffArgLow(c.Index), uint32(mask), at)
	}
	at := no
	for i := len(values) - 1; i >= 0; i-- {
		v := values[i]
		lo := load(bpf.OffArgLow(c.Index), uint32(mask), low(v, at))
		high := uint32(0)
		if !v.Self {
			high = uint32(v.N >> 32)
		}
		at = load(bpf.OffArgHigh(c.Index), uint32(mask>>32), l.b.Jeq(high, lo, at))
	}
	return at
}

// above goes to yes where the argument is greater than the value (strict), or
// at least the value. Signed arguments have their sign bit flipped on both
// sides, which turns the kernel's unsigned comparison into a signed one.
func (l *lowering) above(c *Cond, strict bool, yes, no bpf.Label) bpf.Label {
	v := c.order(narrow(c.Values[0].N, c.Bits))
	jump := l.b.Jge
	if strict {
		jump = l.b.Jgt
	}
	low := jump(uint32(v), yes, no)
	if c.Bits <= 32 {
		if low == yes || low == no {
			return low
		}
		switch {
		case c.Signed:
			low = l.b.Xor(1<<(c.Bits-1), low)
			if c.Bits == 16 {
				low = l.b.And(0xffff, low)
			}
		case c.Bits == 16:
			low = l.b.And(0xffff, low)
		}
		return l.b.Load(bpf.OffArgLow(c.Index), low)
	}
	lo := l.b.Load(bpf.OffArgLow(c.Index), low)
	high := l.b.Jgt(uint32(v>>32), yes, l.b.Jeq(uint32(v>>32), lo, no))
	if c.Signed {
		high = l.b.Xor(1<<31, high)
	}
	return l.b.Load(bpf.OffArgHigh(c.Index), high)
}
