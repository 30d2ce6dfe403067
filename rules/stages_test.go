package rules_test

import (
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// stages are the programs of a policy whose stages the kernel holds.
type stages struct {
	arch                 abi.Arch
	matcher              *rules.Matcher
	loader, main, change *bpf.VM
}

// lowered is a policy's program for target, bound to a process id.
func lowered(t testing.TB, p *rules.Policy, arch abi.Arch, target rules.Target, self uint32) *bpf.VM {
	t.Helper()
	program, err := rules.Lower(p, arch, target)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(program.Bind(self, testKey))
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// answer is what a program says of a call.
func answer(t testing.TB, vm *bpf.VM, c *rules.Call) uint32 {
	t.Helper()
	ret, err := vm.Run(bpf.Data{Nr: c.Nr, Arch: c.Arch.Audit(), Args: c.Args})
	if err != nil {
		t.Fatal(err)
	}
	return ret
}

func newStages(t testing.TB, p *rules.Policy, arch abi.Arch) *stages {
	t.Helper()
	vm := func(target rules.Target) *bpf.VM { return lowered(t, p, arch, target, testSelf) }
	return &stages{arch, rules.NewMatcher(p, arch), vm(rules.LoaderStage), vm(rules.MainStage), vm(rules.StageChange)}
}

// check holds what the programs settle against Decide's word in that stage.
func (s *stages) check(t testing.TB, c *rules.Call, seen map[string]int) {
	t.Helper()
	loader, main, change := answer(t, s.loader, c), answer(t, s.main, c), answer(t, s.change, c)
	both := min(loader, change) // the kernel takes the lowest action of all programs
	if int32(loader) < int32(change) != (loader < change) {
		both = bpf.RetKillProcess // the one that is negative: seccomp(2) compares them signed
	}
	s.agrees(t, "loader", loader, c, rules.Loader, seen)
	s.agrees(t, "main", main, c, rules.Main, seen)
	s.agrees(t, "both", both, c, rules.Main, seen)
	kind, _, _ := strings.Cut(bpf.RetName(change), "(")
	seen["change "+kind]++
}

func (s *stages) agrees(t testing.TB, what string, ret uint32, c *rules.Call, stage rules.Stage, seen map[string]int) {
	t.Helper()
	kind, _, _ := strings.Cut(bpf.RetName(ret), "(")
	seen[what+" "+kind]++
	name, _ := s.arch.Name(c.Nr)
	for _, readable := range []bool{false, true} {
		ctx := rules.Context{Stage: stage, Self: testSelf, Path: func(int) (string, bool) { return "/etc/passwd", readable }}
		v := s.matcher.Decide(c, &ctx)
		ok := false
		switch ret &^ bpf.RetData {
		case bpf.RetAllow:
			ok = launch(name, c) || v.Action.Kind == rules.Allow
		case bpf.RetLog:
			ok = v.Action.Kind == rules.Log
		case bpf.RetErrno:
			ok = v.Action == rules.Action{Kind: rules.Errno, Errno: ret & bpf.RetData}
		case bpf.RetKillProcess:
			ok = v.Reason == rules.ReasonArch
		case bpf.RetTrace:
			ok = true // decided there, by Decide
		}
		if !ok {
			t.Fatalf("%s: %s %s (%d) %#x: the programs say %s, Decide %+v", what, c.Arch, name, c.Nr, c.Args, bpf.RetName(ret), v)
		}
	}
}

// TestTightens tells which policies' stages the kernel can hold.
func TestTightens(t *testing.T) {
	for text, want := range map[string]bool{
		"default: kill\nsyscalls: [{call: read, action: allow}]\n":                                                      false,
		"default: kill\nsyscalls: [{call: openat, stage: loader, action: allow}]\n":                                     true,
		"default: kill\nsyscalls: [{call: openat, stage: loader, action: allow}, {call: execve, action: allow}]\n":      false,
		"default: kill\nsyscalls: [{call: openat, stage: loader, action: allow}, {call: execveat, action: trace}]\n":    false,
		"default: allow\nsyscalls: [{call: openat, stage: loader, action: allow}]\n":                                    false,
		"default: kill\nsyscalls: [{call: openat, stage: loader, action: allow}, {call: execve, action: errno(EPERM)}]": true,
	} {
		p, err := rules.Parse("test.yaml", []byte(text), rules.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Tightens(); got != want {
			t.Errorf("%q: Tightens says %v", text, got)
		}
	}
}
