package rules_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// rows prints placements for comparison.
func rows(list []rules.Placement) []string {
	var out []string
	for _, p := range list {
		out = append(out, fmt.Sprintf("%d %s%s %s: %s, %s", p.Line,
			strings.Join(p.Calls, " "), strings.Join(p.Paths, " "), p.Action, p.Where, p.Cost))
	}
	return out
}

const explained = `name: t
default: kill
read: [/usr/lib, /lib?]
exec: [/bin/sh]
syscalls:
  - calls: [read, write, close]
    action: allow
  - call: ioctl
    when: {cmd: FIONREAD}
    action: allow
  - call: ioctl
    action: errno(ENOTTY)
  - call: getpid
    action: log
  - calls: [openat, open]
    probe: [/proc/self/maps]
    action: errno(ENOENT)
  - calls: [openat, getcwd]
    action: errno(EPERM)
  - call: newfstatat
    when: {flag: AT_EMPTY_PATH}
    action: rewrite(fstat)
  - call: uname
    action: trace
  - call: execveat
    action: allow
  - calls: [getuid, ugetrlimit]
    action: kill
`

func TestExplain(t *testing.T) {
	if abi.Native() != abi.X86_64 {
		t.Skip("the calls are those of x86_64")
	}
	p, err := rules.Parse("t.yaml", []byte(explained), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"3 /usr/lib /lib? allow: Landlock, read, at each open",
		"4 /bin/sh allow: Landlock, read and execute, at each open",
		"6 read write close allow: kernel, by number, free",
		"8 ioctl allow: kernel, by argument, about 55 ns",
		"11 ioctl errno(ENOTTY): kernel, by argument, 0.2 us and about 55 ns",
		"13 getpid log: kernel, by number, an audit record",
		"15 openat open errno(ENOENT): stop, about 10 us",
		"18 openat errno(EPERM): stop, about 10 us",
		"18 getcwd errno(EPERM): kernel, by number, 0.2 us",
		"20 newfstatat rewrite(fstat): stop, about 20 us",
		"23 uname trace: stop, about 10 us",
		"25 execveat allow: kernel, by argument, about 55 ns",
		"27 getuid kill: stop, the program ends",
		"27 ugetrlimit kill: none: no call of x86_64, never reached",
		"2 any other call kill: stop, the program ends",
		"0 calls of foreign architectures kill: kernel, by architecture, the program ends",
	}
	if diff := cmp.Diff(want, rows(p.Explain(rules.Hybrid))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExplainFilterOnly: without a supervisor the kernel kills.
func TestExplainFilterOnly(t *testing.T) {
	const text = "default: errno(ENOSYS)\nnewest: 450\nsyscalls:\n  - call: read\n    action: allow\n  - call: socket\n    action: kill\n"
	p, err := rules.Parse("t.yaml", []byte(text), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"4 read allow: kernel, by number, free",
		"6 socket kill: kernel, by number, the program ends",
		"0 calls newer than the policy errno(ENOSYS): kernel, by number, 0.2 us",
		"1 any other call errno(ENOSYS): kernel, by number, 0.2 us",
		"0 calls of foreign architectures kill: kernel, by architecture, the program ends",
	}
	if diff := cmp.Diff(want, rows(p.Explain(rules.FilterOnly))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExplainAgreesWithLower runs the seccomp program on random arguments: a
// call that is explained to be settled by its number is, and only rules that
// are explained to stop do.
func TestExplainAgreesWithLower(t *testing.T) {
	for _, name := range rules.ProfileNames() {
		p, err := rules.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		targets := []rules.Target{rules.Hybrid}
		if p.Tightens() {
			targets = []rules.Target{rules.LoaderStage, rules.MainStage}
		}
		var vms []*bpf.VM
		for _, target := range targets {
			program, err := rules.Lower(p, abi.Native(), target)
			if err != nil {
				t.Fatal(err)
			}
			vm, err := bpf.NewVM(program.Bind(1, 2))
			if err != nil {
				t.Fatal(err)
			}
			vms = append(vms, vm)
		}
		where := make(map[string][]string)
		for _, at := range p.Explain(rules.Hybrid) {
			for _, call := range at.Calls {
				where[call] = append(where[call], at.Where)
			}
		}
		random := rand.New(rand.NewPCG(1, 2))
		for call, places := range where {
			nr, ok := abi.Native().Number(call)
			if !ok {
				continue
			}
			seen := make(map[uint32]bool)
			for i := range 200 {
				vm := vms[i%len(vms)]
				d := bpf.Data{Nr: nr, Arch: abi.Native().Audit()}
				for i := range d.Args {
					d.Args[i] = random.Uint64() >> random.UintN(64)
				}
				ret, err := vm.Run(d)
				if err != nil {
					t.Fatal(err)
				}
				seen[ret] = true
			}
			// The default comes behind conditional rules.
			if seen[bpf.RetTrace] && !slices.Contains(places, "stop") && !slices.Contains(places, "kernel, by argument") {
				t.Errorf("%s: %s stops and is explained as %v", name, call, places)
			}
			if slices.Contains(places, "kernel, by number") && (len(places) != 1 || len(seen) != 1 || seen[bpf.RetTrace]) {
				t.Errorf("%s: %s gives %v and is explained as %v", name, call, seen, places)
			}
		}
	}
}
