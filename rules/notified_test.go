package rules_test

import (
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// notifying are the two programs of a program that is not traced.
type notifying struct {
	arch        abi.Arch
	matcher     *rules.Matcher
	policy      *rules.Policy
	base, guard *bpf.VM
}

func newNotifying(t testing.TB, p *rules.Policy, arch abi.Arch) *notifying {
	t.Helper()
	// The first is loaded before there is a process id.
	base, guard := lowered(t, p, arch, rules.Notified, 0), lowered(t, p, arch, rules.SelfGuard, testSelf)
	return &notifying{arch, rules.NewMatcher(p, arch), p, base, guard}
}

// check holds what the two settle together against Decide's word.
func (n *notifying) check(t testing.TB, c *rules.Call, seen map[string]int) {
	t.Helper()
	base, guard := answer(t, n.base, c), answer(t, n.guard, c)
	ret := base // the kernel takes the lowest action of all programs, signed
	if int32(guard&^bpf.RetData) < int32(base&^bpf.RetData) {
		ret = guard
	}
	kind, _, _ := strings.Cut(bpf.RetName(ret), "(")
	seen["notified "+kind]++
	name, _ := n.arch.Name(c.Nr)
	preempts := name == "tgkill" && uint32(c.Args[2]) == 23
	if guard != bpf.RetAllow && !preempts {
		t.Fatalf("the guard says %s of %s %s %#x", bpf.RetName(guard), c.Arch, name, c.Args)
	}
	for _, readable := range []bool{false, true} {
		ctx := rules.Context{Stage: rules.Main, Self: testSelf, Path: func(int) (string, bool) { return "/etc/passwd", readable }}
		v := n.matcher.Decide(c, &ctx)
		ok := false
		switch ret &^ bpf.RetData {
		case bpf.RetAllow:
			ok = launch(name, c) || v.Action.Kind == rules.Allow
		case bpf.RetLog:
			ok = v.Action.Kind == rules.Log
		case bpf.RetErrno:
			ok = v.Action == rules.Action{Kind: rules.Errno, Errno: ret & bpf.RetData}
		case bpf.RetKillProcess:
			ok = preempts && v.Action.Kind == rules.Kill
		case bpf.RetTrace:
			ok = preempts && v.Action.Kind == rules.Trace // which Notifies says no of
		case bpf.RetUserNotif:
			// Decided by Decide: what it lets run must be worth a notification.
			ok = v.Action.Kind != rules.Allow || sendsSIGSYS(name, c) || n.open(c.Nr)
		}
		if !ok {
			t.Fatalf("%s %s (%d) %#x: the programs say %s, Decide %+v", c.Arch, name, c.Nr, c.Args, bpf.RetName(ret), v)
		}
	}
}

// open reports whether more than registers has a say in a call: the process id,
// or a path.
func (n *notifying) open(nr uint32) bool {
	name, _ := n.arch.Name(nr)
	return slices.ContainsFunc(n.policy.Rules, func(r rules.Rule) bool {
		return slices.Contains(r.Calls, name) && (len(r.Probe) > 0 || slices.ContainsFunc(r.When, needsSelf))
	})
}

func sendsSIGSYS(name string, c *rules.Call) bool {
	sig, sends := signalArg[name]
	return sends && uint32(c.Args[sig]) == 31 || name == "timer_create" && c.Args[1] != 0
}

// TestPreempting tells what becomes of a program's signals to itself and to
// others under the compute profile.
func TestPreempting(t *testing.T) {
	p, err := rules.Profile("compute")
	if err != nil {
		t.Fatal(err)
	}
	n := newNotifying(t, p, abi.X86_64)
	tgkill, _ := abi.X86_64.Number("tgkill")
	kill, _ := abi.X86_64.Number("kill")
	for _, c := range []struct {
		nr          uint32
		args        [6]uint64
		base, guard uint32
	}{
		{tgkill, [6]uint64{testSelf, 5, 23}, bpf.RetAllow, bpf.RetAllow},
		{tgkill, [6]uint64{testSelf | 1<<32, 5, 23}, bpf.RetAllow, bpf.RetAllow}, // pid_t is 32 bits
		{tgkill, [6]uint64{testSelf + 1, 5, 23}, bpf.RetAllow, bpf.RetKillProcess},
		{tgkill, [6]uint64{0, 5, 23}, bpf.RetAllow, bpf.RetKillProcess},
		{tgkill, [6]uint64{testSelf, 5, 10}, bpf.RetUserNotif, bpf.RetAllow},
		{tgkill, [6]uint64{testSelf + 1, 5, 10}, bpf.RetUserNotif, bpf.RetAllow},
		{tgkill, [6]uint64{testSelf, 5, 31}, bpf.RetUserNotif, bpf.RetAllow},
		{kill, [6]uint64{testSelf, 23}, bpf.RetUserNotif, bpf.RetAllow},
	} {
		for _, v := range []struct {
			vm   *bpf.VM
			want uint32
		}{{n.base, c.base}, {n.guard, c.guard}} {
			got, err := v.vm.Run(bpf.Data{Nr: c.nr, Arch: abi.X86_64.Audit(), Args: c.args})
			if err != nil || got != v.want {
				t.Errorf("call %d %v: %s, %v, want %s", c.nr, c.args, bpf.RetName(got), err, bpf.RetName(v.want))
			}
		}
	}
}

// TestNotifies tells which policies need no tracer.
func TestNotifies(t *testing.T) {
	const prctl = "{call: clone, action: errno(EPERM)}, "
	for text, want := range map[string]bool{
		"default: kill\nsyscalls: [{call: read, action: allow}]\n":                                                                                  true,
		"default: kill\nsyscalls: [{call: read, action: log}]\n":                                                                                    false,
		"default: kill\nsyscalls: [{call: read, action: trace}]\n":                                                                                  false,
		"default: kill\nsyscalls: [{call: read, stage: loader, action: trace}]\n":                                                                   true,
		"default: kill\ntime: visible\nsyscalls: [{call: read, action: allow}]\n":                                                                   false,
		"default: kill\nsyscalls: [{call: execve, action: allow}]\n":                                                                                false,
		"default: kill\nsyscalls: [{call: fork, action: allow}]\n":                                                                                  false,
		"default: allow\nsyscalls: [{call: read, action: kill}]\n":                                                                                  false,
		"default: kill\nsyscalls: [{call: unshare, action: allow}]\n":                                                                               false,
		"default: kill\nsyscalls: [{call: setresuid, action: allow}]\n":                                                                             false,
		"default: kill\nsyscalls: [{call: prctl, action: allow}]\n":                                                                                 false,
		"default: kill\nsyscalls: [{call: prctl, action: errno(EINVAL)}]\n":                                                                         true,
		"default: kill\nsyscalls: [{call: prctl, when: {option: PR_SET_NAME}, action: allow}]\n":                                                    true,
		"default: kill\nsyscalls: [{call: prctl, when: {option: PR_SET_PDEATHSIG}, action: allow}]\n":                                               false,
		"default: kill\nsyscalls: [{call: prctl, when: {option: PR_SET_PDEATHSIG, arg2: 9}, action: allow}]\n":                                      false,
		"default: kill\nsyscalls: [{call: prctl, when: {option: {in: [PR_SET_NAME, PR_GET_NAME]}}, action: allow}]\n":                               true,
		"default: kill\nsyscalls: [{call: prctl, when: {option: PR_SET_PDEATHSIG}, action: errno(EPERM)}, {call: prctl, action: allow}]\n":          true,
		"default: kill\nsyscalls: [{call: prctl, when: {option: PR_SET_PDEATHSIG, arg2: 9}, action: errno(EPERM)}, {call: prctl, action: allow}]\n": false,
		"default: errno(EPERM)\nsyscalls: [" + prctl + "{call: read, action: allow}]\n":                                                             true,
	} {
		p, err := rules.Parse("test.yaml", []byte(text), rules.ParseOptions{})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := p.Notifies(); got != want {
			t.Errorf("%q: Notifies says %v", text, got)
		}
	}
	for _, name := range rules.ProfileNames() { // none makes a process
		if p, err := rules.Profile(name); err != nil || !p.Notifies() {
			t.Errorf("profile %s: %v, or it does not notify", name, err)
		}
	}
}
