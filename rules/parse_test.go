package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warder/abi"
	"warder/rules"
)

// everyday are the two policies that every reader of the manual meets first.
var everyday = map[string]string{
	"one descriptor": `name: one descriptor
default: kill
syscalls:
  - calls: [exit_group, brk, getpid]
    action: allow
  - call: write
    when: {fd: 1, count: {le: 512}}
    action: allow
  - call: write
    when: {fd: {ne: 1}}
    action: errno(EBADF)
    why: only standard output
`,
	"mode 1": `default: kill
syscalls:
  - calls: [read, write, exit, rt_sigreturn]
    action: allow
`,
}

func parseX86(t *testing.T, text string) *rules.Policy {
	t.Helper()
	p, err := rules.Parse("p.yaml", []byte(text), rules.ParseOptions{Arch: abi.X86_64, Kernel: [2]int{6, 18}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func number(t *testing.T, name string) uint32 {
	t.Helper()
	nr, ok := abi.X86_64.Number(name)
	if !ok {
		t.Fatalf("no call %s", name)
	}
	return nr
}

// decide gives the action for one call of a policy.
func decide(t *testing.T, p *rules.Policy, stage rules.Stage, call string, args ...uint64) string {
	t.Helper()
	c := rules.Call{Arch: abi.X86_64, Nr: number(t, call)}
	copy(c.Args[:], args)
	v := rules.NewMatcher(p, abi.X86_64).Decide(&c, &rules.Context{Stage: stage, Self: 77})
	return v.Action.String()
}

func TestEveryday(t *testing.T) {
	one := parseX86(t, everyday["one descriptor"])
	mode1 := parseX86(t, everyday["mode 1"])
	for _, tt := range []struct {
		p    *rules.Policy
		call string
		args []uint64
		want string
	}{
		{one, "write", []uint64{1, 0, 0}, "allow"},
		{one, "write", []uint64{1, 0, 512}, "allow"},
		{one, "write", []uint64{1 | 1<<32, 0, 512}, "allow"}, // the kernel's fd is 1
		{one, "write", []uint64{1, 0, 513}, "kill"},
		{one, "write", []uint64{1, 0, 1 << 32}, "kill"},
		{one, "write", []uint64{2, 0, 1}, "errno(EBADF)"},
		{one, "write", []uint64{^uint64(0), 0, 1}, "errno(EBADF)"},
		{one, "exit_group", nil, "allow"},
		{one, "brk", nil, "allow"},
		{one, "getpid", nil, "allow"},
		{one, "read", nil, "kill"},
		{one, "exit", nil, "kill"},
		{mode1, "read", []uint64{9}, "allow"},
		{mode1, "write", []uint64{9}, "allow"},
		{mode1, "exit", nil, "allow"},
		{mode1, "rt_sigreturn", nil, "allow"},
		{mode1, "exit_group", nil, "kill"},
		{mode1, "open", nil, "kill"},
	} {
		if got := decide(t, tt.p, rules.Main, tt.call, tt.args...); got != tt.want {
			t.Errorf("%s%#x: %s, want %s", tt.call, tt.args, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	const text = `name: compute
default: kill
newest: 462
read: [/lib, /etc/ld.so.cache?]
exec:
  - /usr/bin
syscalls:
  - call: read                 # the simplest
    action: allow
  - calls: [open, openat]
    stage: loader
    when: {flags: {mask: O_ACCMODE|O_CREAT|O_TRUNC, eq: O_RDONLY}}
    action: allow
  - calls: [open, openat]
    probe: [/proc/self/maps, /sys/devices/system/cpu/]
    action: errno(EACCES)
    why: "harmless: a runtime asks"
  - calls: [kill, tgkill]
    when: {pid: self}
    action: log
  - call: newfstatat
    when: {flag: AT_EMPTY_PATH, dfd: {ge: 0, lt: 0x10}}
    action: rewrite(fstat)
  - call: openat
    when:
      dfd: AT_FDCWD
      arg3: {in: [0, 0644, 0x1ff]}
      flags: [{mask: O_CREAT, eq: 0}, {mask: O_PATH, eq: O_PATH}]
    action: errno(4000)
  - call: fork
    stage: main
    action: trace
`
	i32 := func(arg string, i int, signed bool, op rules.Op, mask uint64, v ...uint64) rules.Cond {
		c := rules.Cond{Arg: arg, Index: i, Bits: 32, Signed: signed, Op: op, Mask: mask}
		for _, n := range v {
			c.Values = append(c.Values, rules.Value{N: n})
		}
		return c
	}
	pid := func(i int) []rules.Cond {
		return []rules.Cond{{Arg: "pid", Index: i, Bits: 32, Signed: true, Values: []rules.Value{{Self: true}}}}
	}
	want := &rules.Policy{
		Name: "compute", Source: "p.yaml", DefaultLine: 2, LastKnown: 462,
		Read: []rules.Path{{Name: "/lib", Line: 4}, {Name: "/etc/ld.so.cache", Optional: true, Line: 4}},
		Exec: []rules.Path{{Name: "/usr/bin", Line: 6}},
		Rules: []rules.Rule{
			{Calls: []string{"read"}, Action: rules.Action{Kind: rules.Allow}, Line: 8},
			{
				Calls: []string{"open"}, When: []rules.Cond{i32("flags", 1, true, rules.Masked, 0x243, 0)},
				Stage: rules.Loader, Action: rules.Action{Kind: rules.Allow}, Line: 10,
			},
			{
				Calls: []string{"openat"}, When: []rules.Cond{i32("flags", 2, true, rules.Masked, 0x243, 0)},
				Stage: rules.Loader, Action: rules.Action{Kind: rules.Allow}, Line: 10,
			},
			{
				Calls: []string{"open", "openat"}, Probe: []string{"/proc/self/maps", "/sys/devices/system/cpu/"},
				Action: rules.Action{Kind: rules.Errno, Errno: 13}, Why: "harmless: a runtime asks", Line: 14,
			},
			{Calls: []string{"kill"}, When: pid(0), Action: rules.Action{Kind: rules.Log}, Line: 18},
			{Calls: []string{"tgkill"}, When: pid(1), Action: rules.Action{Kind: rules.Log}, Line: 18},
			{
				Calls: []string{"newfstatat"},
				When: []rules.Cond{
					i32("flag", 3, true, rules.Eq, 0, 0x1000),
					i32("dfd", 0, true, rules.Ge, 0, 0), i32("dfd", 0, true, rules.Lt, 0, 16),
				},
				Action: rules.Action{Kind: rules.Rewrite, Twin: "fstat"}, Line: 21,
			},
			{
				Calls: []string{"openat"},
				When: []rules.Cond{
					i32("dfd", 0, true, rules.Eq, 0, 0xffffff9c),
					{Arg: "arg3", Index: 3, Bits: 64, Op: rules.In, Values: []rules.Value{{}, {N: 0o644}, {N: 0x1ff}}},
					i32("flags", 2, true, rules.Masked, 0x40, 0), i32("flags", 2, true, rules.Masked, 0x200000, 0x200000),
				},
				Action: rules.Action{Kind: rules.Errno, Errno: 4000}, Line: 24,
			},
			{Calls: []string{"fork"}, Stage: rules.Main, Action: rules.Action{Kind: rules.Trace}, Line: 30},
		},
	}
	got := parseX86(t, text)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestParseJSON reads warder's schema in JSON, lines included.
func TestParseJSON(t *testing.T) {
	p := parseX86(t, "{\n\t\"default\": \"kill\",\n\t\"syscalls\": [\n\t\t{\"call\": \"write\", \"when\": {\"fd\": 1}, \"action\": \"allow\"}\n\t]\n}\n")
	if len(p.Rules) != 1 || p.Rules[0].Line != 4 || p.DefaultLine != 2 {
		t.Errorf("%+v", p)
	}
}

// TestParseArch reads one text for two machines.
func TestParseArch(t *testing.T) {
	const text = "default: kill\nsyscalls:\n  - calls: [open, openat]\n    when: {flags: O_RDONLY|O_DIRECTORY}\n    action: allow\n"
	for _, tt := range []struct {
		arch abi.Arch
		want uint64
	}{{abi.X86_64, 0x10000}, {abi.AArch64, 0x4000}} {
		p, err := rules.Parse("p.yaml", []byte(text), rules.ParseOptions{Arch: tt.arch})
		if err != nil {
			t.Fatal(err)
		}
		r := p.Rules[len(p.Rules)-1]
		if got := r.When[0].Values[0].N; r.Calls[0] != "openat" || got != tt.want {
			t.Errorf("%s: %s with %#x, want openat with %#x", tt.arch, r.Calls[0], got, tt.want)
		}
	}
}

// head is a policy's first three lines, so that a rule below is line 4.
const head = "name: t\ndefault: kill\nsyscalls:\n"

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "p.yaml:1: the document is empty"},
		{"comment", "# nothing\n", "p.yaml:1: the document is empty"},
		{"list", "- a\n", "p.yaml:1:1: the policy is a list; it must be a mapping"},
		{"no default", "name: x\n", "p.yaml:1:1: the policy does not say its default action: default: kill"},
		{"unknown key", "default: kill\nsyscals: []\n", `p.yaml:2:1: unknown key "syscals" in the policy (did you mean "syscalls"?)`},
		{"twice", "default: kill\ndefault: allow\n", `p.yaml:2:1: key "default" is given twice in the policy`},
		{"null", "default:\n", "p.yaml:1:1: default is nothing; it must be a single value"},
		{"rewrite default", "default: rewrite(fstat)\n", "p.yaml:1: default: rewrite(fstat) names one call's twin, not what happens to any call"},
		{"syntax", "default: kill\nname: 'x\n", "p.yaml:2:7: could not find end character of single-quoted text"},
		{"anchor", "default: &a kill\n", `p.yaml:1:10: YAML's "&" is not understood here: write values plainly or in quotes`},
		{"tag", "default: !!str kill\n", `p.yaml:1:10: YAML's "!!str" is not understood here: write values plainly or in quotes`},
		{"two documents", "default: kill\n---\ndefault: allow\n", "p.yaml:3: a second document follows: a policy is one"},
		{"not text", "default: kill\nname: \xff\n", "p.yaml:2: not UTF-8 text"},
		{"unprintable", "default: kill\nname: \"a\\e[0m\"\n", "p.yaml:2:7: name must be one line of printable text"},
		{"JSON", "{\"defaultAction\": \"SCMP_ACT_KILL\",\n  oops}", "p.yaml:2:3: not JSON: invalid character 'o' looking for beginning of object key string"},
		{"half JSON", "{\"defaultAction\": \"SCMP_ACT_KILL\",\n", "p.yaml:2:1: not JSON: unexpected EOF"},
		{"more JSON", "{\"defaultAction\": \"SCMP_ACT_KILL\"}\n 1", "p.yaml:2:2: 1 follows the document"},
		{"list of nothing", "default: kill\nread:\n  - /lib\n  -\n", "p.yaml:4:5: a path of read is nothing; it must be a single value"},
		{"long path", "default: kill\nread: [/" + strings.Repeat("a", 4096) + "]\n", "p.yaml:2:8: a path of 4096 bytes or more"},
		{"control in path", "default: kill\nread: [\"/a\\u0001\"]\n", `p.yaml:2:8: path "/a\x01" has unprintable characters`},
		{"newest", "default: kill\nnewest: mseel\n", `p.yaml:2:9: newest: "mseel" is no call of x86_64, and no number above 0 (did you mean "mseal"?)`},

		{"relative", "default: kill\nread: [lib]\n", `p.yaml:2:8: path "lib" is not absolute`},
		{"dots", "default: kill\nread: [/lib/../etc]\n", `p.yaml:2:8: path "/lib/../etc" must be written "/etc"`},
		{"slash", "default: kill\nexec:\n  - /bin/\n", `p.yaml:3:5: path "/bin/" must be written "/bin"`},
		{"paths", "default: kill\npaths: all\n", `p.yaml:2:8: paths: "all" is not known; the only word is unrestricted`},
		{
			"paths and read", "default: kill\nread: [/lib]\npaths: unrestricted\n",
			"p.yaml:3:1: paths: unrestricted contradicts read: give one of them",
		},

		{"no call", head + "  - action: allow\n", "p.yaml:4:5: the rule names no call: give call or calls"},
		{"both", head + "  - {call: read, calls: [write], action: allow}\n", "p.yaml:4:5: the rule has both call and calls: give one of them"},
		{"no action", head + "  - call: read\n", "p.yaml:4:5: the rule has no action"},
		{"call", head + "  - call: opnat\n    action: allow\n", `p.yaml:4:11: unknown syscall "opnat" (did you mean "openat"?)`},
		{"wildcard", head + "  - {call: \"*\", action: allow}\n", `p.yaml:4:12: unknown syscall "*"`},
		{"named twice", head + "  - {calls: [read, read], action: allow}\n", "p.yaml:4:20: read is named twice"},
		{"no calls", head + "  - {calls: [], action: allow}\n", "p.yaml:4:13: calls is an empty list"},
		{"rule key", head + "  - {call: read, acton: allow, action: kill}\n", `p.yaml:4:18: unknown key "acton" in the rule (did you mean "action"?)`},
		{"action", head + "  - {call: read, action: alow}\n", `p.yaml:4:26: unknown action "alow" (did you mean "allow"?); actions are allow, log, errno(EPERM), kill, trace, rewrite(fstat)`},
		{"bare errno", head + "  - {call: read, action: errno}\n", "p.yaml:4:26: errno needs to say which: allow, log, errno(EPERM), kill, trace, rewrite(fstat)"},
		{"errno", head + "  - {call: read, action: errno(EFOO)}\n", `p.yaml:4:26: unknown error "EFOO": write a name such as EPERM, or a number`},
		{"errno 0", head + "  - {call: read, action: errno(0)}\n", "p.yaml:4:26: errno 0 is out of range: 1 to 4095"},
		{"errno 4096", head + "  - {call: read, action: errno(4096)}\n", "p.yaml:4:26: errno 4096 is out of range: 1 to 4095"},
		{"stage", head + "  - {call: read, stage: early, action: allow}\n", `p.yaml:4:25: unknown stage "early": loader or main; without stage a rule holds in both`},

		{"no when", head + "  - {call: read, when: {}, action: allow}\n", "p.yaml:4:24: when is empty: leave it out"},
		{
			"argument", head + "  - {call: write, when: {fdd: 1}, action: allow}\n",
			`p.yaml:4:26: write has no argument "fdd" (did you mean "fd"?): it has fd, buf, count`,
		},
		{
			"one call lacks it", head + "  - {calls: [kill, tgkill], when: {tgid: self}, action: allow}\n",
			`p.yaml:4:36: kill has no argument "tgid": it has pid, sig`,
		},
		{"too wide", head + "  - {call: write, when: {fd: 0x100000001}, action: allow}\n", "p.yaml:4:30: fd is read as 32 bits by the kernel: 0x100000001 does not fit"},
		{"too negative", head + "  - {call: lseek, when: {fd: -2147483649}, action: allow}\n", "p.yaml:4:30: fd is read as 32 bits by the kernel: -2147483649 does not fit"},
		{"negative size", head + "  - {call: write, when: {count: -1}, action: allow}\n", "p.yaml:4:33: count is unsigned: -1 does not fit"},
		{"negative order", head + "  - {call: write, when: {fd: {lt: -1}}, action: allow}\n", "p.yaml:4:35: fd is compared as unsigned: -1 would be a large number"},
		{"bad number", head + "  - {call: write, when: {fd: 08}, action: allow}\n", `p.yaml:4:30: "08" is not a number of at most 64 bits`},
		{"constant", head + "  - {call: open, when: {flags: O_RDONYL}, action: allow}\n", `p.yaml:4:32: unknown constant "O_RDONYL" (did you mean "O_RDONLY"?)`},
		{"half value", head + "  - {call: open, when: {flags: O_RDONLY|}, action: allow}\n", "p.yaml:4:32: a value is missing"},
		{"self in or", head + "  - {call: kill, when: {pid: self|1}, action: allow}\n", "p.yaml:4:30: self stands alone, not beside |"},
		{"self lt", head + "  - {call: kill, when: {pid: {lt: self}}, action: allow}\n", "p.yaml:4:35: self goes with eq, ne and in only"},
		{"op", head + "  - {call: write, when: {fd: {equal: 1}}, action: allow}\n", `p.yaml:4:31: unknown key "equal" in the condition on fd`},
		{"no value", head + "  - call: write\n    when:\n      fd:\n    action: allow\n", "p.yaml:6:7: fd is compared with nothing"},
		{"empty map", head + "  - {call: write, when: {fd: {}}, action: allow}\n", "p.yaml:4:30: the condition on fd is empty"},
		{"empty in", head + "  - {call: write, when: {fd: {in: []}}, action: allow}\n", "p.yaml:4:35: in is an empty list"},
		{"mask alone", head + "  - {call: open, when: {flags: {mask: 3}}, action: allow}\n", "p.yaml:4:39: mask needs eq beside it: argument AND mask equals eq"},
		{"mask 0", head + "  - {call: open, when: {flags: {mask: 0, eq: 0}}, action: allow}\n", "p.yaml:4:39: a mask of 0 leaves nothing to compare"},
		{"mask misses", head + "  - {call: open, when: {flags: {mask: 3, eq: 4}}, action: allow}\n", "p.yaml:4:46: never true: eq has bits (0x4) that the mask leaves out"},

		{
			"rewrite", head + "  - {call: stat, action: rewrite(fstat)}\n",
			"p.yaml:4: stat cannot be rewritten to fstat",
		},
		{
			"rewrite without flag", head + "  - {call: newfstatat, action: rewrite(fstat)}\n",
			"p.yaml:4: rewrite(fstat) needs a condition that demands AT_EMPTY_PATH in newfstatat's flag: when: {flag: AT_EMPTY_PATH}",
		},
		{"rewrite to", head + "  - {call: stat, action: rewrite(getpid)}\n", `p.yaml:4:26: there is no rewrite to "getpid"`},
		{
			"several", head + "  - {call: opne, action: alow}\n  - {call: write, when: {fd: x}, action: allow}\n",
			"p.yaml:4:12: unknown syscall \"opne\" (did you mean \"open\"?)\n" +
				"p.yaml:4:26: unknown action \"alow\" (did you mean \"allow\"?); actions are allow, log, errno(EPERM), kill, trace, rewrite(fstat)\n" +
				"p.yaml:5:30: unknown constant \"x\"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rules.Parse("p.yaml", []byte(tt.text), rules.ParseOptions{Arch: abi.X86_64})
			if err == nil {
				t.Fatalf("no error but %+v", p)
			}
			if err.Error() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", err, tt.want)
			}
			var pe *rules.ParseError
			if !errors.As(err, &pe) {
				t.Errorf("no *ParseError in %T", err)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	var wide strings.Builder
	for i := range 100 {
		fmt.Fprintf(&wide, "k%d: {}\n", i)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"size":        {strings.Repeat("#", 1<<20+1), "p: 1048577 bytes: a policy has at most 1048576"},
		"flow":        {strings.Repeat("[", 1<<20), "p:1:33: nested more than 32 deep"},
		"map":         {strings.Repeat("{a: ", 1<<18), "p:1:129: nested more than 32 deep"},
		"sequence":    {strings.Repeat("- ", 1<<19), "p:1:65: nested more than 32 deep"},
		"keys":        {strings.Repeat("a: b\n", 1<<17), "p:65:2: a mapping of more than 64 keys"},
		"keys of map": {wide.String(), "p:65:4: a mapping of more than 64 keys"},
		"JSON":        {"{\"defaultAction\":" + strings.Repeat("[", 1<<19), "p:1:50: nested more than 32 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rules.Parse("p", []byte(tt.text), rules.ParseOptions{Arch: abi.X86_64})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	// Many problems end in one line, not in a megabyte of them.
	_, err := rules.Parse("p", []byte(head+strings.Repeat("  - {call: x}\n", 5000)), rules.ParseOptions{Arch: abi.X86_64})
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 101 || lines[100] != "p: more problems follow" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}
