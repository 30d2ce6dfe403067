package rules_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	xbpf "golang.org/x/net/bpf"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// source makes policies and calls of bytes; where they run out, of zeros.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *source) below(n int) int { return int(s.byte()) % n }

// corners are values at which comparisons go wrong.
var corners = []uint64{
	0, 1, 2, 31, testSelf, 512, 1<<15 - 1, 1 << 15, 1<<16 - 1, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32,
	1<<32 + 1, 1<<32 + testSelf, 1<<63 - 1, 1 << 63, 1<<63 + 1<<31, ^uint64(0) - 1<<31, ^uint64(0) - 1, ^uint64(0), testKey,
}

func (s *source) word() uint64 {
	if i := s.below(len(corners) + 8); i < len(corners) {
		return corners[i]
	}
	var v uint64
	for range 8 {
		v = v<<8 | uint64(s.byte())
	}
	return v
}

// fuzzCalls have paths at both places, signals at both places, neighbours in
// the table and gaps between them.
var fuzzCalls = []string{
	"read", "write", "close", "mmap", "lseek", "fcntl", "kill", "tgkill", "rt_sigqueueinfo",
	"openat", "access", "newfstatat", "execveat", "pidfd_send_signal", "clone3",
	"clone", "clone", "timer_create", "prctl", "close_range", "landlock_restrict_self", "sched_getaffinity",
}

func (s *source) action() rules.Action {
	switch s.below(10) {
	case 0:
		return rules.Action{Kind: rules.Kill}
	case 1, 2:
		return rules.Action{Kind: rules.Log}
	case 3:
		return rules.Action{Kind: rules.Trace}
	case 4:
		return rules.Action{Kind: rules.Rewrite, Twin: "fstat"}
	case 5, 6:
		return rules.Action{Kind: rules.Errno, Errno: 1 + uint32(s.below(3))}
	case 7:
		return rules.Action{Kind: rules.Errno, Errno: 4095}
	}
	return rules.Action{Kind: rules.Allow}
}

// cond keeps to what Check demands of a condition.
func (s *source) cond() rules.Cond {
	c := rules.Cond{
		Index: []int{0, 0, 1, 2, 2, 5}[s.below(6)], Bits: []uint8{16, 32, 32, 64}[s.below(4)],
		Signed: s.below(2) == 1, Op: rules.Op(s.below(8)), Mask: math.MaxUint64,
	}
	width := uint64(math.MaxUint64) >> (64 - c.Bits)
	c.Mask &= width
	n := 1
	switch c.Op {
	case rules.In:
		n += s.below(4)
	case rules.Masked:
		c.Mask &= s.word()
	}
	for range n {
		v := rules.Value{N: s.word() & width}
		if c.Op == rules.Masked {
			v.N &= c.Mask
		}
		if (c.Op == rules.Eq || c.Op == rules.Ne || c.Op == rules.In) && s.below(5) == 0 {
			v = rules.Value{Self: true}
		}
		c.Values = append(c.Values, v)
	}
	return c
}

func (s *source) policy() *rules.Policy {
	p := &rules.Policy{Source: "fuzz.yaml", Default: s.action()}
	if p.Default.Kind == rules.Rewrite { // goes with one call only
		p.Default = rules.Action{}
	}
	p.LastKnown = []uint32{0, 0, 0, 1, 100, 400, 446, 447, 600, 1 << 29, math.MaxUint32}[s.below(11)]
	for i := range s.below(14) {
		r := rules.Rule{Action: s.action(), Line: i + 1}
		for range 1 + s.below(3) {
			r.Calls = append(r.Calls, fuzzCalls[s.below(len(fuzzCalls))])
		}
		for range []int{0, 1, 1, 1, 2, 3}[s.below(6)] {
			r.When = append(r.When, s.cond())
		}
		if s.below(8) == 0 {
			r.Stage = rules.Stage(1 + s.below(2))
		}
		if call := []string{"openat", "access", "newfstatat"}[s.below(3)]; s.below(8) == 0 {
			r.Calls = []string{call}
			r.Probe = [][]string{{"/proc/self/maps"}, {"/sys/"}, {"/proc/self/maps", "/sys/kernel/"}}[s.below(3)]
		}
		p.Rules = append(p.Rules, r)
	}
	return p
}

// call makes a call that is mostly near to what some rule looks at.
func (s *source) call(p *rules.Policy) rules.Call {
	c := rules.Call{Arch: abi.X86_64}
	for i := range c.Args {
		c.Args[i] = s.word()
	}
	if len(p.Rules) == 0 || s.below(6) == 0 {
		c.Arch = []abi.Arch{abi.X86_64, abi.X86_64, abi.X86_64, abi.I386, abi.AArch64}[s.below(5)]
		c.Nr = []uint32{
			0, 1, 62, 323, 423, 424, 425, 600, p.LastKnown, p.LastKnown + 1, abi.X32Bit - 1, abi.X32Bit,
			abi.X32Bit | 1, 1 << 31, 3 << 30, math.MaxUint32, uint32(s.byte()), uint32(s.byte()) | abi.X32Bit,
		}[s.below(18)]
		if s.below(3) == 0 {
			c.Nr, _ = abi.X86_64.Number(rules.LaunchCalls[s.below(len(rules.LaunchCalls))])
			c.Args[5] = testKey ^ uint64(s.below(2))<<s.below(64)
		}
		return c
	}
	r := &p.Rules[s.below(len(p.Rules))]
	name := r.Calls[s.below(len(r.Calls))]
	c.Nr, _ = abi.X86_64.Number(name)
	for i := range r.When {
		w := &r.When[i]
		v := w.Values[s.below(len(w.Values))]
		if v.Self {
			v.N = testSelf
		}
		width := uint64(math.MaxUint64) >> (64 - w.Bits)
		c.Args[w.Index] = []uint64{
			v.N, v.N, v.N + 1, v.N - 1, v.N ^ 1<<(w.Bits-1), v.N | s.word()&^width, v.N ^ 1<<32, v.N ^ 1, v.N | s.word()&^w.Mask,
		}[s.below(9)]
	}
	if sig, sends := signalArg[name]; sends && s.below(3) == 0 {
		c.Args[sig] = 31 | s.word()<<32
	}
	if name == "clone" && s.below(3) == 0 {
		c.Args[0] ^= 0x00800000
	}
	return c
}

// profiles are the built-in policies of both 64-bit architectures.
func profiles(t *testing.T, f func(name string, arch abi.Arch, p *rules.Policy)) {
	t.Helper()
	for _, name := range rules.ProfileNames() {
		text, err := rules.ProfileText(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range []abi.Arch{abi.X86_64, abi.AArch64} {
			p, err := rules.Parse(name+".yaml", text, rules.ParseOptions{Arch: arch})
			if err != nil {
				t.Fatal(err)
			}
			f(name, arch, p)
		}
	}
}

// TestProfileText holds the built-in policies to their text, from which some
// are generated.
func TestProfileText(t *testing.T) {
	for _, name := range rules.ProfileNames() {
		text, err := rules.ProfileText(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := rules.Parse(name+".yaml", text, rules.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rules.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s is not what its text says (-text +built-in):\n%s", name, diff)
		}
	}
	if p, err := rules.Profile("none"); err == nil || p != nil || !strings.Contains(err.Error(), "compute") {
		t.Errorf("no profile: %v, %v", p, err)
	}
}

// TestProfiles checks every number up to 600 of every profile, for each target
// that can have it.
func TestProfiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	profiles(t, func(name string, arch abi.Arch, p *rules.Policy) {
		targets := []rules.Target{rules.Hybrid, rules.FilterOnly}
		if _, err := rules.Lower(p, arch, rules.FilterOnly); name == "compute" {
			if stop := (*rules.StopError)(nil); !errors.As(err, &stop) {
				t.Errorf("compute without a tracer: %v", err)
			}
			targets = targets[:1]
		}
		for _, target := range targets {
			k := newChecker(t, p, arch, target)
			for nr := range uint32(601) {
				n := 6
				for _, i := range k.rules[nr] {
					n += 60 * len(p.Rules[i].When)
				}
				for range n {
					c := rules.Call{Arch: arch, Nr: nr}
					for i := range c.Args {
						c.Args[i] = corners[rng.IntN(len(corners))]
					}
					for _, i := range k.rules[nr] {
						for _, w := range p.Rules[i].When {
							if v := w.Values[rng.IntN(len(w.Values))]; rng.IntN(2) == 0 {
								c.Args[w.Index] = v.N + uint64(rng.IntN(3)) - 1 + rng.Uint64()<<32
							}
						}
					}
					k.check(t, &c)
				}
				k.check(t, &rules.Call{Arch: abi.I386, Nr: nr})
				k.check(t, &rules.Call{Arch: arch, Nr: nr | abi.X32Bit})
			}
		}
	})
}

// constantAllow is what the kernel finds out about a program when it is
// installed (seccomp_is_const_allow): whether it allows a call whatever its
// arguments are, seen by following it with the number and architecture alone.
func constantAllow(ins []xbpf.RawInstruction, arch abi.Arch, nr uint32) bool {
	a := uint32(0)
	for pc := 0; pc < len(ins); pc++ {
		in := ins[pc]
		taken := false
		switch in.Op {
		case 0x20: // BPF_LD|BPF_W|BPF_ABS
			switch in.K {
			case bpf.OffNr:
				a = nr
			case bpf.OffArch:
				a = arch.Audit()
			default:
				return false
			}
			continue
		case 0x06: // BPF_RET|BPF_K
			return in.K == bpf.RetAllow
		case 0x05: // BPF_JMP|BPF_JA
			pc += int(in.K)
			continue
		case 0x54: // BPF_ALU|BPF_AND|BPF_K
			a &= in.K
			continue
		case 0x15: // BPF_JMP|BPF_JEQ|BPF_K
			taken = a == in.K
		case 0x25: // BPF_JMP|BPF_JGT|BPF_K
			taken = a > in.K
		case 0x35: // BPF_JMP|BPF_JGE|BPF_K
			taken = a >= in.K
		case 0x45: // BPF_JMP|BPF_JSET|BPF_K
			taken = a&in.K != 0
		default:
			return false
		}
		if taken {
			pc += int(in.Jt)
		} else {
			pc += int(in.Jf)
		}
	}
	return false
}

// TestConstantAllow holds every call that a profile allows by its number alone
// to cost nothing, and no other call to be taken for one.
func TestConstantAllow(t *testing.T) {
	hot := map[string][]string{
		"compute": {
			"read", "write", "close", "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "clock_gettime",
			"gettimeofday", "nanosleep", "sched_yield", "getpid", "gettid", "rt_sigprocmask", "rt_sigreturn", "exit_group",
		},
		"strict": {"read", "write", "exit", "rt_sigreturn"},
	}
	hot["runtime"] = append([]string{"getdents64"}, hot["compute"]...)
	profiles(t, func(name string, arch abi.Arch, p *rules.Policy) {
		program, err := rules.Lower(p, arch, rules.Hybrid)
		if err != nil {
			t.Fatal(err)
		}
		ins := program.Bind(testSelf, testKey)
		k := newChecker(t, p, arch, rules.Hybrid)
		for nr := range uint32(601) {
			call, _ := arch.Name(nr)
			want := p.Default.Kind == rules.Allow
			if found := k.rules[nr]; len(found) > 0 {
				r := &p.Rules[found[0]]
				want = r.Action.Kind == rules.Allow && len(r.When) == 0 && len(r.Probe) == 0 && r.Stage == rules.AnyStage
			}
			want = want && call != "clone" && call != "clone3" && !rules.AffinityCall(arch, nr)
			if got := constantAllow(ins, arch, nr); got != want {
				t.Errorf("%s, %s %s (%d): allowed by number alone: %v, want %v", name, arch, call, nr, got, want)
			}
		}
		for _, call := range hot[name] {
			if nr, ok := arch.Number(call); !ok || !constantAllow(ins, arch, nr) {
				t.Errorf("%s, %s: %s costs something", name, arch, call)
			}
		}
		if constantAllow(ins, abi.I386, 4) || arch == abi.X86_64 && constantAllow(ins, arch, abi.X32Bit|1) {
			t.Errorf("%s, %s: another architecture's write is allowed", name, arch)
		}
	})
}

// TestLowerErrors names each rule that needs a stop where nothing can make one.
func TestLowerErrors(t *testing.T) {
	p := parseX86(t, `default: kill
syscalls:
  - {call: read, action: trace}
  - {call: write, stage: main, action: allow}
  - {call: open, probe: [/proc/self/maps], action: errno(ENOENT)}
  - {call: newfstatat, when: {flag: AT_EMPTY_PATH}, action: rewrite(fstat)}
  - {call: close, action: allow}
`)
	_, err := rules.Lower(p, abi.X86_64, rules.FilterOnly)
	if err == nil {
		t.Fatal("accepted")
	}
	want := []string{
		"p.yaml:3: action trace needs a stop", "p.yaml:4: a rule with stage main needs a stop",
		"p.yaml:5: a rule with probe needs a stop", "p.yaml:6: action rewrite(fstat) needs a stop",
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
	traced := parseX86(t, "default: trace\nsyscalls:\n  - {call: read, action: allow}\n")
	if _, err := rules.Lower(traced, abi.X86_64, rules.FilterOnly); err == nil || !strings.Contains(err.Error(), "default action trace") {
		t.Errorf("default trace: %v", err)
	}
}

// TestLowerSize keeps programs small, and refuses what the kernel would.
func TestLowerSize(t *testing.T) {
	profiles(t, func(name string, arch abi.Arch, p *rules.Policy) {
		program, err := rules.Lower(p, arch, rules.Hybrid)
		if err != nil {
			t.Fatal(err)
		}
		if program.Len() > 400 {
			t.Errorf("%s, %s: %d instructions", name, arch, program.Len())
		}
	})
	p := &rules.Policy{Source: "big.yaml"}
	c := rules.Cond{Bits: 64, Op: rules.In}
	for i := range uint64(1100) {
		c.Values = append(c.Values, rules.Value{N: i << 20})
	}
	p.Rules = []rules.Rule{{Calls: []string{"read"}, When: []rules.Cond{c}, Action: rules.Action{Kind: rules.Allow}}}
	if _, err := rules.Lower(p, abi.X86_64, rules.Hybrid); err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("a list of %d values: %v", len(c.Values), err)
	}
}
