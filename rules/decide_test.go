package rules_test

import (
	"testing"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

// TestEverydayBothWays decides calls of the two everyday policies, and has
// their programs decide them where nobody traces.
func TestEverydayBothWays(t *testing.T) {
	ebadf := uint32(bpf.RetErrno | 9)
	for _, tt := range []struct {
		policy string
		call   string
		args   [6]uint64
		want   uint32
		rule   int
	}{
		{"one descriptor", "write", [6]uint64{1, 0, 0}, bpf.RetAllow, 1},
		{"one descriptor", "write", [6]uint64{1, 0, 512}, bpf.RetAllow, 1},
		{"one descriptor", "write", [6]uint64{0x100000001, 0, 512}, bpf.RetAllow, 1}, // the kernel's fd is 1
		{"one descriptor", "write", [6]uint64{0xffffffff00000001, 0, 1}, bpf.RetAllow, 1},
		{"one descriptor", "write", [6]uint64{1, 0, 513}, bpf.RetKillProcess, -1},
		{"one descriptor", "write", [6]uint64{1, 0, 1 << 32}, bpf.RetKillProcess, -1}, // the kernel's count is 64 bits
		{"one descriptor", "write", [6]uint64{0, 0, 1}, ebadf, 2},
		{"one descriptor", "write", [6]uint64{2, 0, 1}, ebadf, 2},
		{"one descriptor", "write", [6]uint64{0x100000002, 0, 1}, ebadf, 2},
		{"one descriptor", "write", [6]uint64{0x100000000, 0, 1}, ebadf, 2},
		{"one descriptor", "write", [6]uint64{^uint64(0), 0, 513}, ebadf, 2},
		{"one descriptor", "exit_group", [6]uint64{}, bpf.RetAllow, 0},
		{"one descriptor", "brk", [6]uint64{1 << 40}, bpf.RetAllow, 0},
		{"one descriptor", "getpid", [6]uint64{}, bpf.RetAllow, 0},
		{"one descriptor", "read", [6]uint64{}, bpf.RetKillProcess, -1},
		{"one descriptor", "exit", [6]uint64{}, bpf.RetKillProcess, -1},
		{"one descriptor", "execveat", [6]uint64{}, bpf.RetKillProcess, -1},
		{"mode 1", "read", [6]uint64{9}, bpf.RetAllow, 0},
		{"mode 1", "write", [6]uint64{9, 1, 1 << 40}, bpf.RetAllow, 0},
		{"mode 1", "exit", [6]uint64{}, bpf.RetAllow, 0},
		{"mode 1", "rt_sigreturn", [6]uint64{}, bpf.RetAllow, 0},
		{"mode 1", "exit_group", [6]uint64{}, bpf.RetKillProcess, -1},
		{"mode 1", "brk", [6]uint64{}, bpf.RetKillProcess, -1},
	} {
		p := parseX86(t, everyday[tt.policy])
		c := rules.Call{Arch: abi.X86_64, Nr: number(t, tt.call), Args: tt.args}
		v := rules.NewMatcher(p, abi.X86_64).Decide(&c, &rules.Context{Stage: rules.Main})
		reason := ""
		if tt.rule < 0 {
			reason = rules.ReasonDefault
		}
		if word := filterWord(v.Action); word != tt.want || v.Rule != tt.rule || v.Reason != reason {
			t.Errorf("%s, %s%#x: %+v, want %s by rule %d", tt.policy, tt.call, tt.args, v, bpf.RetName(tt.want), tt.rule)
		}
		k := newChecker(t, p, abi.X86_64, rules.FilterOnly)
		got, err := k.vm.Run(bpf.Data{Nr: c.Nr, Arch: c.Arch.Audit(), Args: c.Args})
		if err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("%s, %s%#x: the program says %s, want %s", tt.policy, tt.call, tt.args, bpf.RetName(got), bpf.RetName(tt.want))
		}
	}
}

// filterWord is an action as the kernel numbers it where nobody traces.
func filterWord(a rules.Action) uint32 {
	switch a.Kind {
	case rules.Allow:
		return bpf.RetAllow
	case rules.Log:
		return bpf.RetLog
	case rules.Errno:
		return bpf.RetErrno | a.Errno
	case rules.Kill, rules.Trace, rules.Rewrite:
	}
	return bpf.RetKillProcess
}

const firstWins = `default: errno(EPERM)
newest: 400
syscalls:
  - {call: lseek, when: {offset: {lt: 0}}, action: errno(EINVAL)}
  - {call: lseek, when: {offset: {lt: 10}, whence: 0}, action: log}
  - {call: lseek, action: allow}
  - {call: openat, stage: loader, action: allow}
  - {call: openat, stage: main, probe: [/proc/self/maps, /sys/], action: errno(ENOENT)}
  - {call: openat, action: kill}
  - {call: kill, when: {pid: self}, action: allow}
`

// TestDecide decides what the everyday policies leave out.
func TestDecide(t *testing.T) {
	m := rules.NewMatcher(parseX86(t, firstWins), abi.X86_64)
	errno := func(e uint32) rules.Action { return rules.Action{Kind: rules.Errno, Errno: e} }
	allow, kill := rules.Action{Kind: rules.Allow}, rules.Action{Kind: rules.Kill}
	path := func(p string) func(int) (string, bool) {
		return func(i int) (string, bool) { return p, i == 1 }
	}
	unreadable := func(int) (string, bool) { return "/proc/self/maps", false }
	native := func(call string, args ...uint64) rules.Call {
		c := rules.Call{Arch: abi.X86_64, Nr: number(t, call)}
		copy(c.Args[:], args)
		return c
	}
	for _, tt := range []struct {
		name  string
		call  rules.Call
		stage rules.Stage
		path  func(int) (string, bool)
		want  rules.Verdict
	}{
		{"the first of three", native("lseek", 3, ^uint64(0)), rules.Main, nil, rules.Verdict{Action: errno(22)}},
		{"the second", native("lseek", 3, 9), rules.Main, nil, rules.Verdict{Action: rules.Action{Kind: rules.Log}, Rule: 1}},
		{"half of the second", native("lseek", 3, 9, 1), rules.Main, nil, rules.Verdict{Action: allow, Rule: 2}},
		{"the third", native("lseek", 3, 10), rules.Main, nil, rules.Verdict{Action: allow, Rule: 2}},
		{"loader", native("openat"), rules.Loader, nil, rules.Verdict{Action: allow, Rule: 3}},
		{"no path", native("openat"), rules.Main, nil, rules.Verdict{Action: kill, Rule: 5}},
		{"unreadable path", native("openat"), rules.Main, unreadable, rules.Verdict{Action: kill, Rule: 5}},
		{"other path", native("openat"), rules.Main, path("/etc/passwd"), rules.Verdict{Action: kill, Rule: 5}},
		{"longer path", native("openat"), rules.Main, path("/proc/self/maps2"), rules.Verdict{Action: kill, Rule: 5}},
		{"probe", native("openat"), rules.Main, path("/proc/self/maps"), rules.Verdict{Action: errno(2), Rule: 4}},
		{"probe below a tree", native("openat"), rules.Main, path("/sys/x"), rules.Verdict{Action: errno(2), Rule: 4}},
		{"the tree itself", native("openat"), rules.Main, path("/sys"), rules.Verdict{Action: kill, Rule: 5}},
		{"self", native("kill", testSelf, 9), rules.Main, nil, rules.Verdict{Action: allow, Rule: 6}},
		{"self with junk above", native("kill", testSelf|7<<32, 9), rules.Main, nil, rules.Verdict{Action: allow, Rule: 6}},
		{"another process", native("kill", testSelf+1, 9), rules.Main, nil, rules.Verdict{Action: errno(1), Rule: -1, Reason: rules.ReasonDefault}},
		{"the own group", native("kill", 0, 9), rules.Main, nil, rules.Verdict{Action: errno(1), Rule: -1, Reason: rules.ReasonDefault}},
		{"the newest", rules.Call{Arch: abi.X86_64, Nr: 400}, rules.Main, nil, rules.Verdict{Action: errno(1), Rule: -1, Reason: rules.ReasonDefault}},
		{"newer", rules.Call{Arch: abi.X86_64, Nr: 401}, rules.Main, nil, rules.Verdict{Action: errno(38), Rule: -1, Reason: rules.ReasonNewer}},
		{"i386", rules.Call{Arch: abi.I386, Nr: 8}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
		{"arm64", rules.Call{Arch: abi.AArch64, Nr: 8}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
		{"unknown architecture", rules.Call{Nr: 8}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
		{"x32", rules.Call{Arch: abi.X86_64, Nr: 8 | abi.X32Bit}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
		{"above x32", rules.Call{Arch: abi.X86_64, Nr: 1 << 31}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
		{"no call at all", rules.Call{Arch: abi.X86_64, Nr: ^uint32(0)}, rules.Main, nil, rules.Verdict{Action: kill, Rule: -1, Reason: rules.ReasonArch}},
	} {
		got := m.Decide(&tt.call, &rules.Context{Stage: tt.stage, Self: testSelf, Path: tt.path})
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	// x32 is a matter of x86-64 alone.
	arm := rules.NewMatcher(m.Policy(), abi.AArch64)
	c := rules.Call{Arch: abi.AArch64, Nr: 8 | abi.X32Bit}
	if v := arm.Decide(&c, &rules.Context{}); v.Reason != rules.ReasonNewer {
		t.Errorf("a large number on arm64: %+v", v)
	}
}

// TestDecideAllocates nothing: it runs at every stop.
func TestDecideAllocates(t *testing.T) {
	p, err := rules.Profile("compute")
	if err != nil {
		t.Fatal(err)
	}
	m := rules.NewMatcher(p, abi.Native())
	ctx := rules.Context{Stage: rules.Main, Self: testSelf, Path: func(int) (string, bool) { return "/proc/self/none", true }}
	for _, name := range []string{"read", "openat", "clone", "tgkill", "newfstatat", "ptrace", "prctl"} {
		nr, ok := abi.Native().Number(name)
		if !ok {
			t.Fatalf("no call %s", name)
		}
		c := rules.Call{Arch: abi.Native(), Nr: nr}
		if n := testing.AllocsPerRun(100, func() { m.Decide(&c, &ctx) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	p, err := rules.Profile("compute")
	if err != nil {
		b.Fatal(err)
	}
	m := rules.NewMatcher(p, abi.Native())
	ctx := rules.Context{Stage: rules.Main, Self: testSelf, Path: func(int) (string, bool) { return "/etc/passwd", true }}
	for _, name := range []string{"read", "fcntl", "clone", "ptrace", "openat"} {
		b.Run(name, func(b *testing.B) {
			nr, ok := abi.Native().Number(name)
			if !ok {
				b.Fatalf("no call %s", name)
			}
			c := rules.Call{Arch: abi.Native(), Nr: nr}
			b.ReportAllocs()
			for b.Loop() {
				m.Decide(&c, &ctx)
			}
		})
	}
}

func BenchmarkLower(b *testing.B) {
	for _, name := range rules.ProfileNames() {
		b.Run(name, func(b *testing.B) {
			p, err := rules.Profile(name)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				program, err := rules.Lower(p, abi.Native(), rules.Hybrid)
				if err != nil {
					b.Fatal(err)
				}
				n = program.Len()
			}
			b.ReportMetric(float64(n), "instructions")
		})
	}
}

func BenchmarkProfileParse(b *testing.B) {
	for _, name := range rules.ProfileNames() {
		b.Run(name, func(b *testing.B) {
			text, err := rules.ProfileText(name)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rules.Parse(name+".yaml", text, rules.ParseOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestTasks says of policies whether they can make processes, and whether some
// call of a name may run.
func TestTasks(t *testing.T) {
	if abi.Native() != abi.X86_64 {
		t.Skip("ThreadsOnly is about the native architecture's calls, and arm64 has no fork")
	}
	threads := "{clone_flags: {mask: CLONE_THREAD|CLONE_UNTRACED|CLONE_PTRACE|CLONE_PARENT, eq: CLONE_THREAD}}"
	for _, tt := range []struct {
		name, text       string
		threadsOnly      bool
		loader, main, io bool // whether openat may run in each stage, and read in any
	}{
		{"nothing", "default: kill\nsyscalls:\n  - {call: read, action: allow}", true, false, false, true},
		{"everything", "default: allow\nsyscalls:\n  - {call: read, action: kill}", false, true, true, false},
		{"threads", "default: kill\nsyscalls:\n  - {call: clone, when: " + threads + ", action: allow}", true, false, false, false},
		{"hidden threads", "default: kill\nsyscalls:\n  - {call: clone, when: {clone_flags: {mask: CLONE_THREAD, eq: CLONE_THREAD}}, action: allow}", false, false, false, false},
		{"processes", "default: kill\nsyscalls:\n  - {call: clone, when: {clone_flags: {mask: CLONE_THREAD|CLONE_UNTRACED|CLONE_PTRACE|CLONE_PARENT, eq: 0}}, action: allow}", false, false, false, false},
		{"vfork", "default: kill\nsyscalls:\n  - {call: vfork, action: log}", false, false, false, false},
		{"all refused", "default: allow\nsyscalls:\n  - {calls: [clone, clone3, fork, vfork, openat], action: errno(EPERM)}", true, false, false, true},
		{"one way left", "default: allow\nsyscalls:\n  - {calls: [clone, clone3, fork], action: errno(EPERM)}", false, true, true, true},
		{"sometimes refused", "default: allow\nsyscalls:\n  - {calls: [clone, clone3, fork, vfork], stage: main, action: kill}", false, true, true, true},
		{"older than clone3", "default: allow\nnewest: 400\nsyscalls:\n  - {calls: [clone, fork, vfork], action: kill}", true, true, true, true},
		{"loader", "default: kill\nsyscalls:\n  - {call: openat, stage: loader, action: allow}", true, true, false, false},
		{"main refused", "default: allow\nsyscalls:\n  - {call: openat, stage: main, action: kill}\n  - {call: read, when: {fd: 0}, action: kill}", false, true, false, true},
	} {
		p := parseX86(t, tt.text)
		if got := p.ThreadsOnly(); got != tt.threadsOnly {
			t.Errorf("%s: threads only: %v", tt.name, got)
		}
		for _, may := range []struct {
			call  string
			stage rules.Stage
			want  bool
		}{
			{"openat", rules.Loader, tt.loader},
			{"openat", rules.Main, tt.main},
			{"openat", rules.AnyStage, tt.loader || tt.main},
			{"read", rules.AnyStage, tt.io},
		} {
			if got := p.MayRun(may.call, may.stage); got != may.want {
				t.Errorf("%s: %s may run in stage %s: %v", tt.name, may.call, may.stage, got)
			}
		}
	}
}
