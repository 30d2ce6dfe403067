package rules_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
)

// compared is one comparison under test.
type compared struct {
	a, b  *rules.Policy
	arch  abi.Arch
	ma    *rules.Matcher
	mb    *rules.Matcher
	found []rules.Difference
}

func newCompared(t testing.TB, a, b *rules.Policy, arch abi.Arch) *compared {
	t.Helper()
	found, err := rules.Diff(a, b, arch)
	if err != nil {
		t.Fatal(err)
	}
	k := &compared{a, b, arch, rules.NewMatcher(a, arch), rules.NewMatcher(b, arch), found}
	for i := range found {
		k.example(t, &found[i])
	}
	return k
}

func (k *compared) decide(c *rules.Call, stage rules.Stage, self uint32, path string) (a, b rules.Verdict) {
	ctx := rules.Context{Stage: stage, Self: self, Path: func(int) (string, bool) { return path, true }}
	return k.ma.Decide(c, &ctx), k.mb.Decide(c, &ctx)
}

func stagesOf(s rules.Stage) []rules.Stage {
	if s == rules.AnyStage {
		return []rules.Stage{rules.Loader, rules.Main}
	}
	return []rules.Stage{s}
}

// example holds a reported example against Decide.
func (k *compared) example(t testing.TB, d *rules.Difference) {
	t.Helper()
	for _, stage := range stagesOf(d.Stage) {
		for _, nr := range []uint32{d.First, d.Last} {
			c := rules.Call{Arch: k.arch, Nr: nr, Args: d.Example.Args}
			a, b := k.decide(&c, stage, d.Example.Self, d.Example.Path)
			if a.Action != d.A.Action || b.Action != d.B.Action || a.Action == b.Action {
				t.Fatalf("%s: %+v: Decide says %v and %v", stage, d, a, b)
			}
		}
	}
	in := len(d.Where) == 0
	for _, r := range d.Where {
		in = in || r.Holds(&d.Example.Args, d.Example.Self, d.Example.Path)
		if r.Words(k.arch, d.Call) == "" {
			t.Fatalf("%+v has no words", d)
		}
	}
	if !in {
		t.Fatalf("the example of %+v is not in it", d)
	}
}

// check holds one call against the report, both ways: what differs is reported
// with its actions, and what is reported differs so.
func (k *compared) check(t testing.TB, c *rules.Call, self uint32, path string) (differs bool) {
	t.Helper()
	for _, stage := range stagesOf(rules.AnyStage) {
		a, b := k.decide(c, stage, self, path)
		reported := false
		for i := range k.found {
			d := &k.found[i]
			if c.Arch != k.arch || c.Nr < d.First || c.Nr > d.Last || !slices.Contains(stagesOf(d.Stage), stage) {
				continue
			}
			in := d.Where == nil && !d.Unsaid || slices.ContainsFunc(d.Where, func(r rules.Region) bool { return r.Holds(&c.Args, self, path) })
			alike := d.A.Action == a.Action && d.B.Action == b.Action
			if in && !alike {
				t.Fatalf("stage %s, self %d, path %q, %+v lies in %+v, and Decide says %v and %v", stage, self, path, c, d, a, b)
			}
			reported = reported || in || d.Unsaid && alike
		}
		if a.Action != b.Action && !reported {
			t.Fatalf("stage %s, self %d, path %q, %+v: Decide says %v and %v; the report is %+v", stage, self, path, c, a, b, k.found)
		}
		differs = differs || a.Action != b.Action
	}
	return differs
}

// variant is a policy that differs in a few places.
func (s *source) variant(p *rules.Policy) *rules.Policy {
	q := *p
	q.Rules = slices.Clone(p.Rules)
	for range 1 + s.below(3) {
		if len(q.Rules) == 0 {
			break
		}
		i := s.below(len(q.Rules))
		r := &q.Rules[i]
		switch s.below(5) {
		case 0:
			q.Rules = slices.Delete(q.Rules, i, i+1)
		case 1:
			r.Action = s.action()
		case 2:
			r.When = append(slices.Clone(r.When), s.cond())
		case 3:
			r.When = nil
		case 4:
			if len(r.When) > 0 {
				r.When = slices.Clone(r.When)
				r.When[s.below(len(r.When))] = s.cond()
			}
		}
	}
	return &q
}

func compareSampled(t testing.TB, data []byte) (differing int) {
	s := &source{data: data}
	a := s.policy()
	b := s.variant(a)
	if s.below(3) == 0 {
		b = s.policy()
	}
	k := newCompared(t, a, b, abi.X86_64)
	paths := []string{"", "/etc/passwd", "/proc/self/maps", "/sys/kernel/", "/sys/x"}
	for i := range 60 {
		c := s.call([]*rules.Policy{a, b}[i%2])
		self := []uint32{testSelf, testSelf, 1, 2, 31, 512, 1<<15 - 1, 1 << 15, 1<<16 - 1, 1 << 16, 4000, 1<<16 + 31}[s.below(12)]
		if s.below(4) == 0 {
			c.Args[s.below(6)] = uint64(self) | s.word()<<32
		}
		if k.check(t, &c, self, paths[s.below(len(paths))]) {
			differing++
		}
	}
	same, err := rules.Diff(a, a, abi.X86_64)
	if err != nil || len(same) > 0 {
		t.Fatalf("a policy differs from itself: %+v, %v", same, err)
	}
	return differing
}

func TestDiffSampled(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	differing := 0
	for range rounds {
		data := make([]byte, 2500)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		differing += compareSampled(t, data)
	}
	if differing < 5*rounds {
		t.Errorf("only %d calls differ in %d comparisons", differing, rounds)
	}
}

func FuzzDiff(f *testing.F) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, n := range []int{0, 80, 400, 1200} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { compareSampled(t, data) })
}

// summary gives differences as lines of text.
func summary(found []rules.Difference) string {
	var b strings.Builder
	for i := range found {
		d := &found[i]
		fmt.Fprintf(&b, "%s/%s: %s, %s", d.Call, d.Stage, d.A.Action, d.B.Action)
		for _, r := range d.Where {
			b.WriteString("; " + r.Words(abi.X86_64, d.Call))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestDiffWords(t *testing.T) {
	for _, tt := range []struct{ name, a, b, want string }{
		{
			"another text, the same rules",
			"default: kill\nsyscalls:\n  - call: write\n    when: {fd: {in: [1, 2]}}\n    action: allow\n",
			"default: kill\nsyscalls:\n  - call: write\n    when: {fd: {lt: 1}}\n    action: kill\n  - call: write\n    when: {fd: {le: 2}}\n    action: allow\n",
			"",
		},
		{
			"one value more",
			"default: kill\nsyscalls:\n  - call: write\n    when: {fd: 1}\n    action: allow\n",
			"default: kill\nsyscalls:\n  - call: write\n    when: {fd: {in: [1, 2, 7]}}\n    action: allow\n",
			"write/any: kill, allow; fd is 2 or 7\n",
		},
		{
			"a mask and an order",
			"default: kill\nsyscalls:\n  - call: openat\n    action: errno(EPERM)\n",
			"default: kill\nsyscalls:\n  - call: openat\n    when: {dfd: AT_FDCWD, flags: {mask: O_ACCMODE|O_CREAT, eq: O_RDONLY}}\n    action: allow\n  - call: openat\n    action: errno(EPERM)\n",
			"openat/any: errno(EPERM), allow; dfd is AT_FDCWD and flags & (O_ACCMODE|O_CREAT) is O_RDONLY\n",
		},
		{
			"stages",
			"default: kill\nsyscalls:\n  - call: open\n    stage: loader\n    action: allow\n",
			"default: kill\nsyscalls:\n  - call: open\n    action: allow\n",
			"open/main: kill, allow\n",
		},
		{
			"the process itself",
			"default: kill\nsyscalls:\n  - call: kill\n    when: {pid: self}\n    action: allow\n",
			"default: kill\nsyscalls:\n  - call: kill\n    when: {pid: {in: [self, 77]}}\n    action: allow\n",
			"kill/any: kill, allow; the process id is not 77 and pid is 77\n",
		},
		{
			"signed and unsigned",
			"default: kill\nsyscalls:\n  - call: lseek\n    when: {offset: {lt: 4}}\n    action: allow\n",
			"default: kill\nsyscalls:\n  - call: lseek\n    when: {offset: {ult: 4}}\n    action: allow\n",
			"lseek/any: allow, kill; offset < 4 and offset as unsigned >= 4\n",
		},
		{
			"a probe",
			"default: kill\nsyscalls:\n  - call: access\n    probe: [/etc/ld.so.preload, /sys/]\n    action: errno(ENOENT)\n",
			"default: kill\n",
			"access/any: errno(ENOENT), kill; the path is /etc/ld.so.preload or below /sys/\n",
		},
		{
			"children without a supervisor",
			"default: kill\nsyscalls:\n  - calls: [clone, clone3]\n    action: allow\n",
			"default: kill\n",
			"clone/any: allow, kill; clone_flags & CLONE_UNTRACED is not CLONE_UNTRACED\nclone/any: errno(EPERM), kill; clone_flags & CLONE_UNTRACED is CLONE_UNTRACED\nclone3/any: errno(ENOSYS), kill\n",
		},
	} {
		k := newCompared(t, parseX86(t, tt.a), parseX86(t, tt.b), abi.X86_64)
		if got := summary(k.found); got != tt.want {
			t.Errorf("%s:\n%swant:\n%s", tt.name, got, tt.want)
		}
	}
}

// TestDiffProfiles compares the built-in policies of both architectures.
func TestDiffProfiles(t *testing.T) {
	byName := map[string]*rules.Policy{}
	profiles(t, func(name string, arch abi.Arch, p *rules.Policy) { byName[name+arch.String()] = p })
	for _, arch := range []abi.Arch{abi.X86_64, abi.AArch64} {
		same := newCompared(t, byName["compute"+arch.String()], byName["compute"+arch.String()], arch)
		if len(same.found) > 0 {
			t.Errorf("%s: compute differs from itself: %s", arch, summary(same.found))
		}
		k := newCompared(t, byName["compute"+arch.String()], byName["runtime"+arch.String()], arch)
		text := summary(k.found)
		for _, want := range []string{"faccessat/any: errno(ENOENT), allow\n", "openat/main: kill, allow; flags & ("} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", arch, want, text)
			}
		}
	}
}

func TestDiffUnnamed(t *testing.T) {
	a := parseX86(t, "default: kill\n")
	b := parseX86(t, "default: kill\nnewest: 1000\n")
	found := newCompared(t, a, b, abi.X86_64).found
	if len(found) != 1 || found[0].First != 1001 || found[0].Last != abi.X32Bit-1 || found[0].Call != "" {
		t.Errorf("%+v", found)
	}
}

// TestDiffTooComplex: what cannot be compared is an error, and soon.
func TestDiffTooComplex(t *testing.T) {
	var b strings.Builder
	b.WriteString("default: kill\nsyscalls:\n")
	for i := range 30 {
		for arg := range 6 {
			fmt.Fprintf(&b, "  - call: futex\n    when: {arg%d: {mask: %d, eq: %d}, arg%d: {ne: %d}}\n    action: errno(%d)\n", arg, 1<<i, 1<<i, (arg+1)%6, i, i+1)
		}
	}
	p := parseX86(t, b.String())
	if _, err := rules.Diff(p, parseX86(t, "default: allow\n"), abi.X86_64); err == nil || !strings.Contains(err.Error(), "futex: more combinations") {
		t.Errorf("error %v", err)
	}
}
