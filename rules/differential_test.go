package rules_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// What the programs under test are bound to.
const (
	testSelf = 77
	testKey  = 0x8877665544332211
)

// checker compares three answers for a call: the program's, Decide's, and that
// of the reference below.
type checker struct {
	policy  *rules.Policy
	arch    abi.Arch
	target  rules.Target
	matcher *rules.Matcher
	vm      *bpf.VM
	rules   map[uint32][]int // of each number, in order
	paths   []string         // that probes may find
	seen    map[string]int   // the program's answers, by kind
}

func newChecker(t testing.TB, p *rules.Policy, arch abi.Arch, target rules.Target) *checker {
	t.Helper()
	k := &checker{
		policy: p, arch: arch, target: target, vm: lowered(t, p, arch, target, testSelf), matcher: rules.NewMatcher(p, arch),
		rules: map[uint32][]int{}, paths: []string{"/etc/passwd", "/", ""}, seen: map[string]int{},
	}
	for i := range p.Rules {
		for _, call := range p.Rules[i].Calls {
			if nr, ok := arch.Number(call); ok {
				k.rules[nr] = append(k.rules[nr], i)
			}
		}
		for _, path := range p.Rules[i].Probe {
			k.paths = append(k.paths, path, path+"x", strings.TrimSuffix(path, "/"))
		}
	}
	return k
}

// holds is the meaning of a condition in ordinary typed comparisons.
func holds(c *rules.Cond, register uint64) bool {
	order := func(v uint64) int {
		switch {
		case c.Signed && c.Bits == 16:
			return cmp.Compare(int16(register), int16(v))
		case c.Signed && c.Bits == 32:
			return cmp.Compare(int32(register), int32(v))
		case c.Signed:
			return cmp.Compare(int64(register), int64(v))
		case c.Bits == 16:
			return cmp.Compare(uint16(register), uint16(v))
		case c.Bits == 32:
			return cmp.Compare(uint32(register), uint32(v))
		}
		return cmp.Compare(register, v)
	}
	in := slices.ContainsFunc(c.Values, func(v rules.Value) bool {
		if v.Self {
			read := map[uint8]uint64{16: uint64(uint16(register)), 32: uint64(uint32(register)), 64: register}
			return read[c.Bits] == testSelf
		}
		return order(v.N) == 0
	})
	switch c.Op {
	case rules.Eq, rules.In:
		return in
	case rules.Ne:
		return !in
	case rules.Lt:
		return order(c.Values[0].N) < 0
	case rules.Le:
		return order(c.Values[0].N) <= 0
	case rules.Gt:
		return order(c.Values[0].N) > 0
	case rules.Ge:
		return order(c.Values[0].N) >= 0
	case rules.Masked:
		return register&c.Mask == c.Values[0].N // Check: the mask has no bit that the kernel drops
	}
	return false
}

func (k *checker) foreign(c *rules.Call) bool {
	return c.Arch != k.arch || k.arch == abi.X86_64 && c.Nr >= abi.X32Bit
}

// matching calls f for each rule whose conditions hold, until f says stop.
func (k *checker) matching(c *rules.Call, f func(i int, r *rules.Rule) (stop bool)) {
	for _, i := range k.rules[c.Nr] {
		r := &k.policy.Rules[i]
		if !slices.ContainsFunc(r.When, func(w rules.Cond) bool { return !holds(&w, c.Args[w.Index]) }) && f(i, r) {
			return
		}
	}
}

func needsSelf(w rules.Cond) bool {
	return slices.ContainsFunc(w.Values, func(v rules.Value) bool { return v.Self })
}

// settle is the first rule that registers alone do not rule out, nil if there
// is none, and whether more than registers has a say in it: the stage, a path,
// or, under Hybrid, the process id, which the program is not bound to.
func (k *checker) settle(c *rules.Call) (first *rules.Rule, open bool) {
	for _, i := range k.rules[c.Nr] {
		r := &k.policy.Rules[i]
		unknown := func(w rules.Cond) bool { return k.target == rules.Hybrid && needsSelf(w) }
		if !slices.ContainsFunc(r.When, func(w rules.Cond) bool { return !unknown(w) && !holds(&w, c.Args[w.Index]) }) {
			return r, r.Stage != rules.AnyStage || len(r.Probe) > 0 || slices.ContainsFunc(r.When, unknown)
		}
	}
	return nil, false
}

// launch is whether a stub may make the call before the program exists.
func launch(name string, c *rules.Call) bool {
	return c.Args[5] == testKey && slices.Contains(rules.LaunchCalls[:], name)
}

// guarded is whether the call sends SIGSYS, or may, where nobody watches.
func (k *checker) guarded(name string, c *rules.Call) bool {
	sig, sends := signalArg[name]
	return k.target == rules.FilterOnly &&
		(sends && uint32(c.Args[sig]) == 31 || name == "timer_create" && c.Args[1] != 0)
}

// untraced is the errno of a call that would make a child without a
// supervisor, or could, or 0.
func untraced(name string, c *rules.Call) uint32 {
	switch {
	case name == "clone" && c.Args[0]&0x00800000 != 0: // CLONE_UNTRACED
		return 1
	case name == "clone3":
		return 38
	}
	return 0
}

// fallback is what decides where no rule does.
func (k *checker) fallback(c *rules.Call) rules.Verdict {
	if k.policy.LastKnown != 0 && c.Nr > k.policy.LastKnown {
		return rules.Verdict{Action: rules.Action{Kind: rules.Errno, Errno: 38}, Rule: -1, Reason: rules.ReasonNewer}
	}
	return rules.Verdict{Action: k.policy.Default, Rule: -1, Reason: rules.ReasonDefault}
}

// verdict is what Decide should say in a stage where the path is readable or not.
func (k *checker) verdict(c *rules.Call, stage rules.Stage, path string, readable bool) rules.Verdict {
	if k.foreign(c) {
		return rules.Verdict{Rule: -1, Reason: rules.ReasonArch}
	}
	v := k.fallback(c)
	k.matching(c, func(i int, r *rules.Rule) bool {
		if r.Stage != rules.AnyStage && r.Stage != stage {
			return false
		}
		found := slices.ContainsFunc(r.Probe, func(p string) bool {
			return p == path || p[len(p)-1] == '/' && strings.HasPrefix(path, p)
		})
		if len(r.Probe) > 0 && !(found && readable) {
			return false
		}
		v = rules.Verdict{Action: r.Action, Rule: i}
		return true
	})
	name, _ := k.arch.Name(c.Nr)
	if e := untraced(name, c); e != 0 && !v.Action.Refuses() {
		return rules.Verdict{Action: rules.Action{Kind: rules.Errno, Errno: e}, Rule: -1, Reason: rules.ReasonUntraced}
	}
	return v
}

// signalArg is where the calls that send a signal have it.
var signalArg = map[string]int{
	"kill": 1, "tkill": 1, "rt_sigqueueinfo": 1, "pidfd_send_signal": 1, "tgkill": 2, "rt_tgsigqueueinfo": 2,
}

// answer is what the program should return.
func (k *checker) answer(c *rules.Call) uint32 {
	name, _ := k.arch.Name(c.Nr)
	switch {
	case k.foreign(c):
		return bpf.RetKillProcess
	case launch(name, c):
		return bpf.RetAllow
	case k.guarded(name, c):
		return bpf.RetErrno | 1
	}
	decided := k.fallback(c).Action
	first, open := k.settle(c)
	if first != nil {
		decided = first.Action
	}
	runs := decided.Kind == rules.Allow || decided.Kind == rules.Log
	switch e := untraced(name, c); {
	case open:
	case e != 0 && runs:
		return bpf.RetErrno | e
	case runs && k.affinity(c):
		return bpf.RetTrace
	case decided.Kind == rules.Allow:
		return bpf.RetAllow
	case decided.Kind == rules.Log:
		return bpf.RetLog
	case decided.Kind == rules.Errno:
		return bpf.RetErrno | decided.Errno
	case decided.Kind == rules.Kill && k.target == rules.FilterOnly:
		return bpf.RetKillProcess
	}
	return bpf.RetTrace
}

// affinity reports whether a call that is let run stops nonetheless.
func (k *checker) affinity(c *rules.Call) bool {
	return k.target == rules.Hybrid && rules.AffinityCall(c.Arch, c.Nr)
}

// pathArg is where the calls under test have their first path.
var pathArg = map[string]int{"access": 0, "open": 0, "openat": 1, "newfstatat": 1, "execveat": 1}

func (k *checker) check(t testing.TB, c *rules.Call) {
	t.Helper()
	got := answer(t, k.vm, c)
	name, _ := k.arch.Name(c.Nr)
	text := func() string { return fmt.Sprintf("target %d, %s %s (%d) %#x", k.target, c.Arch, name, c.Nr, c.Args) }
	if want := k.answer(c); got != want {
		t.Fatalf("%s: the program says %s, want %s", text(), bpf.RetName(got), bpf.RetName(want))
	}
	kind, _, _ := strings.Cut(bpf.RetName(got), "(")
	k.seen[kind]++

	var verdicts []rules.Verdict
	_, open := k.settle(c)
	decide := func(stage rules.Stage, path string, readable bool) {
		ctx := rules.Context{Stage: stage, Self: testSelf, Path: func(i int) (string, bool) {
			if want, ok := pathArg[name]; !ok || i != want {
				t.Fatalf("%s: Decide reads a path at argument %d", text(), i)
			}
			return path, readable
		}}
		v := k.matcher.Decide(c, &ctx)
		if want := k.verdict(c, stage, path, readable); v != want {
			t.Fatalf("%s in stage %s with path %q (%v): Decide says %+v, want %+v", text(), stage, path, readable, v, want)
		}
		verdicts = append(verdicts, v)
	}
	for _, stage := range []rules.Stage{rules.Loader, rules.Main} {
		decide(stage, "", false)
		if !open {
			continue
		}
		for _, path := range k.paths {
			decide(stage, path, true)
		}
	}
	k.consistent(t, c, got, open, verdicts)
}

// consistent holds the program's answer against Decide's in every context,
// without the reference: what the program settles, Decide settles alike.
func (k *checker) consistent(t testing.TB, c *rules.Call, ret uint32, open bool, verdicts []rules.Verdict) {
	t.Helper()
	all := func(f func(v rules.Verdict) bool) bool {
		return !slices.ContainsFunc(verdicts, func(v rules.Verdict) bool { return !f(v) })
	}
	kind := func(want rules.ActionKind) bool {
		return all(func(v rules.Verdict) bool { return v.Action.Kind == want })
	}
	name, _ := k.arch.Name(c.Nr)
	ok := false
	switch ret &^ bpf.RetData {
	case bpf.RetAllow:
		ok = launch(name, c) || kind(rules.Allow)
	case bpf.RetLog:
		ok = kind(rules.Log)
	case bpf.RetErrno:
		want := rules.Action{Kind: rules.Errno, Errno: ret & bpf.RetData}
		ok = k.guarded(name, c) && want.Errno == 1 || all(func(v rules.Verdict) bool { return v.Action == want })
	case bpf.RetKillProcess:
		ok = kind(rules.Kill) && (k.target == rules.FilterOnly || all(func(v rules.Verdict) bool { return v.Reason == rules.ReasonArch }))
	case bpf.RetTrace:
		ok = k.target == rules.Hybrid && (open || kind(rules.Kill) || kind(rules.Trace) || kind(rules.Rewrite) || k.affinity(c) || kind(rules.Errno) && untraced(name, c) != 0)
	}
	if !ok {
		t.Fatalf("target %d, %s %s (%d) %#x: the program says %s, Decide %+v", k.target, c.Arch, name, c.Nr, c.Args, bpf.RetName(ret), verdicts)
	}
}

// differ builds a policy and calls from data and checks them for each target.
func differ(t testing.TB, data []byte, seen map[string]int) {
	t.Helper()
	s := &source{data: data}
	p := s.policy()
	checkers := []*checker{newChecker(t, p, abi.X86_64, rules.Hybrid)}

	settled := *p
	settled.Rules = slices.DeleteFunc(slices.Clone(p.Rules), func(r rules.Rule) bool {
		return r.Stage != rules.AnyStage || len(r.Probe) > 0 || r.Action.Kind == rules.Trace || r.Action.Kind == rules.Rewrite
	})
	if p.Default.Kind == rules.Trace {
		settled.Default = rules.Action{Kind: rules.Kill}
	}
	_, err := rules.Lower(p, abi.X86_64, rules.FilterOnly)
	stops := len(settled.Rules) < len(p.Rules) || settled.Default != p.Default
	if stop := (*rules.StopError)(nil); errors.As(err, &stop) != stops || err != nil && !stops {
		t.Fatalf("without a tracer: error %v, for a policy that needs stops: %v", err, stops)
	}
	checkers = append(checkers, newChecker(t, &settled, abi.X86_64, rules.FilterOnly))
	calls := make([]rules.Call, 48)
	for i := range calls {
		calls[i] = s.call(p)
	}
	staged, notified := newStages(t, p, abi.X86_64), newNotifying(t, p, abi.X86_64)
	for i := range calls {
		staged.check(t, &calls[i], seen)
		notified.check(t, &calls[i], seen)
	}
	for _, k := range checkers {
		for i := range calls {
			k.check(t, &calls[i])
		}
		for kind, n := range k.seen {
			seen[kind] += n
		}
	}
}

// TestDifferential is FuzzLower over random inputs.
func TestDifferential(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	seen := map[string]int{}
	for range rounds {
		data := make([]byte, 1500)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		differ(t, data, seen)
	}
	for _, kind := range []string{"ALLOW", "LOG", "ERRNO", "TRACE", "KILL_PROCESS", "loader ALLOW", "main ALLOW", "main ERRNO", "change ERRNO", "change TRACE", "notified ALLOW", "notified ERRNO", "notified USER_NOTIF"} {
		if seen[kind] < rounds {
			t.Errorf("%d calls come to %s in %d policies: %v", seen[kind], kind, rounds, seen)
		}
	}
}

func FuzzLower(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 40, 200, 600} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { differ(t, data, map[string]int{}) })
}
