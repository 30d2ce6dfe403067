package rules

import (
	"encoding/binary"
	"slices"

	"warder/abi"
	"warder/rules/bpf"
)

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
	if done, ok := stored(p, arch, target); ok {
		return done, nil
	}
	return lower(p, arch, target)
}

func lower(p *Policy, arch abi.Arch, target Target) (*bpf.Program, error) {
	var only, later map[uint32]bool
	switch target {
	case Hybrid:
	case FilterOnly:
		if err := p.stopErrors(); err != nil {
			return nil, err
		}
		p = p.guarded(Action{Kind: Errno, Errno: eperm})
	case LoaderStage:
		later = p.stagedCalls(arch)
		p = p.at(Loader)
	case StageChange:
		only = p.stagedCalls(arch)
		p = p.at(Main)
	case MainStage:
		p = p.at(Main)
	case Notified:
		p = p.at(Main)
		preempts := p.Preempts()
		if p = p.guarded(Action{Kind: Trace}); preempts {
			p = p.preempting(Eq)
		}
	case SelfGuard:
		nr, _ := arch.Number(preemptCall)
		only = map[uint32]bool{nr: true}
		p = p.at(Main).preempting(Ne)
	}
	l := lowering{
		only: only, later: later,
		policy: p, arch: arch, target: target,
		match:  NewMatcher(p, arch),
		bodies: make(map[body]bpf.Label), watched: make(map[string]bool),
	}
	for _, call := range p.Watched {
		l.watched[call] = true
	}
	tree := l.tree(l.launchBlock(l.intervals()))
	if arch == abi.X86_64 {
		tree = l.b.Jge(abi.X32Bit, l.b.Ret(l.foreign()), tree)
	}
	entry := l.b.Load(bpf.OffNr, tree)
	entry = l.b.Jeq(arch.Audit(), entry, l.b.Ret(l.foreign()))
	return l.b.Finish(l.b.Load(bpf.OffArch, entry))
}

// LaunchCalls are the calls that a stub makes to set a child up, package jail.
var LaunchCalls = [...]string{
	"clone", "recvmsg", "rt_sigaction", "dup3", "setpgid", "fchdir", "prlimit64", "setgroups",
	"setresgid", "setresuid", "prctl", "capset", "landlock_restrict_self",
	"close_range", "seccomp", "kill", "execveat", "unshare", "chroot", "chdir", "umask",
}

func launchCall(name string) bool { return slices.Contains(LaunchCalls[:], name) }

type lowering struct {
	policy  *Policy
	arch    abi.Arch
	target  Target
	match   *Matcher
	b       bpf.Builder
	bodies  map[body]bpf.Label // argument blocks by what they do
	only    map[uint32]bool    // the calls that are decided, where not all are
	watched map[string]bool
	later   map[uint32]bool // those that a program loaded later decides too
}

// stop is what the program returns for a call that the supervisor decides.
func (l *lowering) stop() uint32 {
	if l.target == Notified {
		return bpf.RetUserNotif
	}
	return bpf.RetTrace
}

// foreign is what it returns for a call of a foreign architecture. Nobody who
// traces sees how a notified program dies, so its supervisor is told first.
func (l *lowering) foreign() uint32 {
	switch l.target {
	case Notified:
		return bpf.RetUserNotif
	case SelfGuard:
		return bpf.RetAllow
	}
	return bpf.RetKillProcess
}

// traced reports whether the program's threads are traced while it holds them:
// the supervisor may have them on a core of its choice then.
func (l *lowering) traced() bool {
	return l.target != FilterOnly && l.target != Notified && l.target != SelfGuard
}

// bound reports whether the process id is known when the program is loaded.
func (l *lowering) bound() bool { return l.target == FilterOnly || l.target == SelfGuard }

// body says how one call is decided. Calls with equal bodies share their code,
// and neighbours of equal bodies are one interval.
type body struct {
	constant bool
	ret      uint32 // where constant
	rules    string // the indices of its rules, packed
	launch   bool   // allowed with the stub's key
	gate     bool   // leads to the block of all such calls
	clone    bool   // does not run with CLONE_UNTRACED
	clone3   bool   // does not run: its flags are in memory
	affinity bool   // does not run without a stop
	watched  bool   // stops
	later    bool   // runs or stops: the strictest of two programs wins, and the later one may be less strict
	fallback Action // what no rule decides
}

// interval is a run of numbers from first on that one body decides.
type interval struct {
	first uint32
	body
	list []int32
}

func (l *lowering) intervals() []interval {
	top := uint32(len(l.match.byNr))
	for _, name := range LaunchCalls {
		if nr, ok := l.arch.Number(name); ok {
			top = max(top, nr+1)
		}
	}
	var out []interval
	add := func(nr uint32) {
		b, list := l.bodyOf(nr)
		if n := len(out); n == 0 || out[n-1].body != b {
			out = append(out, interval{nr, b, list})
		}
	}
	for nr := range top {
		add(nr)
	}
	add(top) // stands for all above, but for those that the policy does not know
	if newer := l.policy.LastKnown + 1; newer > top {
		add(newer)
	}
	return out
}

func (l *lowering) bodyOf(nr uint32) (body, []int32) {
	if l.only != nil && !l.only[nr] {
		return body{constant: true, ret: bpf.RetAllow}, nil
	}
	name, _ := l.arch.Name(nr)
	list, fallback := l.match.rulesOf(nr), l.fallback(nr)
	b := body{
		launch: launchCall(name), clone: name == "clone", clone3: name == "clone3",
		affinity: l.traced() && affinityCall(name),
		later:    l.later[nr],
		watched:  l.target != FilterOnly && l.watched[name],
	}
	if b.watched {
		list = nil // whatever they say, it stops
		if !b.launch {
			return body{constant: true, ret: l.stop()}, nil
		}
	}
	ret, ok := l.constant(list, fallback)
	if b.affinity && runs(ret) || b.later && ret != bpf.RetAllow {
		ret = l.stop()
	}
	if ok && !b.watched && !(runs(ret) && (b.clone || b.clone3)) {
		if !b.launch || ret == bpf.RetAllow {
			return body{constant: true, ret: ret}, nil
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

// AffinityCall reports whether a call asks for, or sets, the cores that a
// thread may run on. Under Hybrid it stops where a policy lets it run: the
// supervisor may have the program on one core just then, and lets go first.
func AffinityCall(arch abi.Arch, nr uint32) bool {
	name, _ := arch.Name(nr)
	return affinityCall(name)
}

func affinityCall(name string) bool {
	return name == "sched_getaffinity" || name == "sched_setaffinity"
}

func (l *lowering) ruleRet(r *Rule) uint32 {
	if r.needsStop() != "" {
		return l.stop()
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
		return l.stop()
	case Kill:
	}
	if l.bound() {
		return bpf.RetKillProcess
	}
	return l.stop()
}

// launchBlock places one block for all calls that the stub's key allows: the
// key, and without it each call's own rules by a second look at the number.
// In what it returns those calls are intervals that lead there. One check for
// all makes the program, and so the time to load it, half as long.
func (l *lowering) launchBlock(in []interval) []interval {
	var launch, rest []interval
	for _, i := range in {
		if i.launch {
			launch = append(launch, i)
			i.body, i.list = body{gate: true}, nil
			if n := len(rest); n > 0 && rest[n-1].gate {
				continue
			}
		}
		rest = append(rest, i)
	}
	if len(launch) > 0 {
		l.bodies[body{gate: true}] = l.launchKey(l.b.Load(bpf.OffNr, l.tree(launch)))
	}
	return rest
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
	next := l.returns(in, l.ret(in.fallback))
	for i := len(in.list) - 1; i >= 0; i-- {
		r := &l.policy.Rules[in.list[i]]
		ret := l.ruleRet(r)
		if !l.bound() && r.needsSelf() {
			ret = l.stop()
		}
		yes := l.returns(in, ret)
		for j := len(r.When) - 1; j >= 0; j-- {
			if !l.bound() && r.When[j].self() {
				continue // decided at the stop
			}
			yes = l.cond(&r.When[j], yes, next)
		}
		next = yes
	}
	l.bodies[in.body] = next
	return next
}

// runs reports whether the kernel runs a call for which a program returns ret.
func runs(ret uint32) bool { return ret == bpf.RetAllow || ret == bpf.RetLog }

// returns places the return for a call that a rule decides: ret, but for a
// clone whose child would have no supervisor (Matcher.Decide says the same),
// and for a call that the supervisor has to see.
func (l *lowering) returns(in *interval, ret uint32) bpf.Label {
	switch {
	case in.watched:
		return l.b.Ret(l.stop())
	case in.later && (ret != bpf.RetAllow || in.clone || in.clone3):
		return l.b.Ret(l.stop())
	case in.clone && runs(ret):
		yes, no := l.b.Ret(ret), l.b.Ret(bpf.RetErrno|eperm)
		return l.b.Load(bpf.OffArgLow(0), l.b.And(cloneUntraced, l.b.Jeq(0, yes, no)))
	case in.clone3 && runs(ret):
		return l.b.Ret(bpf.RetErrno | enosys)
	case in.affinity && runs(ret):
		return l.b.Ret(l.stop())
	}
	return l.b.Ret(ret)
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
	// Both halves are compared at once, so that no time tells one from the
	// other to a program that guesses.
	at := l.b.OrX(l.b.Jeq(0, yes, no))
	at = l.b.Load(bpf.OffArgHigh(5), l.b.XorSlot(bpf.SlotKeyHigh, at))
	return l.b.Load(bpf.OffArgLow(5), l.b.XorSlot(bpf.SlotKeyLow, l.b.Tax(at)))
}
