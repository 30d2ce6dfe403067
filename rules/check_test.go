package rules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warder/abi"
	"warder/rules"
)

const probeWords = "a path read from the program's memory may choose between two refusals only"

func TestCheckDocuments(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{
			"probe allows", head + "  - {call: open, probe: [/a], action: allow}\n",
			"p.yaml:4: probe goes with errno and kill only, not with allow: " + probeWords,
		},
		{
			"no path", head + "  - {call: read, probe: [/a], action: kill}\n",
			"p.yaml:4: read has no path argument to probe",
		},
		{"probe path", head + "  - {call: open, probe: [a/], action: kill}\n", `p.yaml:4:26: path "a" is not absolute`},
		{
			"later allow", head + "  - {call: open, probe: [/a], action: kill}\n  - {call: open, when: {flags: 0}, action: allow}\n",
			"p.yaml:4: where the probe fails, line 5 answers open with allow: " + probeWords,
		},
		{
			"later allow of one call", head + "  - {calls: [open, openat], probe: [/a], action: kill}\n  - {calls: [openat, read], action: trace}\n",
			"p.yaml:4: where the probe fails, line 5 answers openat with trace: " + probeWords,
		},
		{
			"later allow in one stage", head + "  - {call: open, probe: [/a], action: kill}\n  - {call: open, stage: loader, action: log}\n",
			"p.yaml:4: where the probe fails, line 5 answers open with log: " + probeWords,
		},
		{
			"default", "default: allow\nsyscalls:\n  - {call: open, probe: [/a], action: kill}\n",
			"p.yaml:3: where the probe fails, the default answers open with allow: " + probeWords,
		},
		{
			"default in one stage", "default: log\nsyscalls:\n  - {call: open, probe: [/a], action: kill}\n  - {call: open, stage: main, action: kill}\n",
			"p.yaml:3: where the probe fails, the default answers open with log: " + probeWords,
		},
		// Good ones.
		{"earlier allow", head + "  - {call: open, stage: loader, action: allow}\n  - {call: open, probe: [/a], action: errno(EPERM)}\n", ""},
		{"other stage", head + "  - {call: open, stage: main, probe: [/a], action: errno(EPERM)}\n  - {call: open, stage: loader, action: allow}\n", ""},
		{"refused before the default", "default: allow\nsyscalls:\n  - {call: open, probe: [/a], action: errno(EPERM)}\n  - {call: open, action: kill}\n", ""},
		{"two probes", head + "  - {call: open, probe: [/a], action: errno(EPERM)}\n  - {call: open, probe: [/], action: errno(1)}\n", ""},

		{
			"never reached", head + "  - {calls: [read, write], action: allow}\n  - {call: read, when: {fd: 0}, action: kill}\n",
			"p.yaml:5: rule never reached: line 4 decides every read",
		},
		{
			"partly reached", head + "  - {calls: [read, write], action: allow}\n  - {calls: [read, close, write], action: kill}\n",
			"p.yaml:5: rule never reached for read and write: line 4 decides every such call",
		},
		{
			"both stages", head + "  - {call: read, stage: loader, action: allow}\n  - {call: read, stage: main, action: log}\n  - {call: read, action: kill}\n",
			"p.yaml:6: rule never reached: line 5 decides every read",
		},
		{"one stage", head + "  - {call: read, stage: loader, action: allow}\n  - {call: read, action: kill}\n", ""},
		{"condition first", head + "  - {call: read, when: {fd: 0}, action: allow}\n  - {call: read, action: kill}\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rules.Parse("p.yaml", []byte(tt.text), rules.ParseOptions{Arch: abi.X86_64})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestCheckBuilt checks policies that no document could say.
func TestCheckBuilt(t *testing.T) {
	allow := rules.Action{Kind: rules.Allow}
	cond := func(c rules.Cond) *rules.Policy {
		return &rules.Policy{Rules: []rules.Rule{{Calls: []string{"read"}, When: []rules.Cond{c}, Action: allow}}}
	}
	one := []rules.Value{{N: 1}}
	for _, tt := range []struct {
		p    *rules.Policy
		want string
	}{
		{&rules.Policy{}, ""},
		{&rules.Policy{Default: rules.Action{Kind: 99}}, "default: unknown action 99"},
		{&rules.Policy{Default: rules.Action{Kind: rules.Errno}}, "default: errno 0 is out of range: 1 to 4095"},
		{&rules.Policy{Read: []rules.Path{{Name: "lib"}}}, `path "lib" is not absolute`},
		{&rules.Policy{Exec: []rules.Path{{Name: "/a?"}}}, `path "/a?" ends in a question mark and is not optional`},
		{&rules.Policy{Rules: []rules.Rule{{Action: allow}}}, "the rule names no call"},
		{&rules.Policy{Rules: []rules.Rule{{Calls: []string{"x9"}, Stage: 7, Action: allow}}}, "unknown stage 7\nunknown syscall \"x9\""},
		{&rules.Policy{Rules: []rules.Rule{{Calls: []string{"open"}, Probe: []string{""}}}}, `path "" is not absolute`},
		{cond(rules.Cond{Arg: "fd", Bits: 32, Values: one}), ""},
		{cond(rules.Cond{Arg: "fd", Index: 6, Bits: 32, Values: one}), "condition on fd: a call has arguments 0 to 5, not 6"},
		{cond(rules.Cond{Arg: "fd", Values: one}), "condition on fd: a width of 0 bits"},
		{cond(rules.Cond{Arg: "fd", Bits: 32}), "condition on fd: eq with 0 values"},
		{cond(rules.Cond{Arg: "fd", Bits: 32, Op: 50, Values: one}), "condition on fd: unknown op 50"},
		{cond(rules.Cond{Arg: "fd", Bits: 16, Values: []rules.Value{{N: 1 << 16}}}), "fd is read as 16 bits by the kernel: 0x10000 does not fit"},
		{cond(rules.Cond{Arg: "fd", Bits: 32, Op: rules.Masked, Mask: 1 << 32, Values: one}), "fd is read as 32 bits by the kernel: the mask 0x100000000 does not fit"},
		{cond(rules.Cond{Arg: "fd", Bits: 32, Op: rules.Masked, Mask: 2, Values: one}), "condition on fd: never true, the value 0x1 has bits that the mask leaves out"},
		{cond(rules.Cond{Arg: "fd", Bits: 32, Op: rules.Lt, Values: []rules.Value{{Self: true}}}), "condition on fd: self goes with eq, ne and in only"},
	} {
		got := ""
		if err := tt.p.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"quiet", everyday["one descriptor"], nil},
		{
			"threads only", head + `
  - {call: clone, when: {clone_flags: {mask: CLONE_UNTRACED, eq: CLONE_UNTRACED}}, action: errno(EPERM)}
  - {call: clone, when: {clone_flags: {mask: CLONE_NEWUSER|CLONE_VM, eq: CLONE_VM}}, action: allow}
  - {call: clone3, action: errno(ENOSYS)}
  - {call: prctl, when: {option: PR_SET_NAME}, action: allow}
`,
			nil,
		},
		{
			"exact flags", head + `  - {call: unshare, when: {unshare_flags: {in: [CLONE_FS, CLONE_FILES]}}, action: allow}
  - {call: clone, when: {clone_flags: SIGCHLD}, action: allow}
`,
			nil,
		},
		{
			"much", head + `  - {calls: [clone, unshare, seccomp, prctl, io_uring_setup, ptrace, process_vm_writev], action: allow}
  - {calls: [kexec_load, userfaultfd, bpf], action: trace}
  - {calls: [execve, execveat, open, clone3], action: log}
`,
			[]string{
				"p.yaml:4: allows clone with CLONE_UNTRACED, whose child no tracer sees",
				"p.yaml:4: allows clone with CLONE_NEWUSER, which gives a child every capability in a namespace of its own",
				"p.yaml:6: allows clone3 whose flags are in memory where no rule sees them",
				"p.yaml:4: allows unshare with CLONE_NEWUSER, which gives every capability in a namespace of its own",
				"p.yaml:4: allows seccomp without a condition",
				"p.yaml:4: allows prctl without a condition",
				"p.yaml:4: allows io_uring_setup and so calls that no filter sees",
				"p.yaml:4: allows ptrace and so control over other processes",
				"p.yaml:4: allows process_vm_writev and so writing to other processes",
				"p.yaml:5: allows kexec_load which replaces the kernel",
				"p.yaml:5: allows userfaultfd with which a program holds the kernel up inside its copies",
				"p.yaml:5: allows bpf which loads programs into the kernel",
				"p.yaml:6: allows execve, but exec lists no file that may be executed",
				"p.yaml:6: allows execveat, but exec lists no file that may be executed",
			},
		},
		{
			"any path", "default: kill\npaths: unrestricted\nsyscalls:\n" + `  - {call: open, when: {flags: {mask: O_ACCMODE, eq: O_RDONLY}}, action: allow}
  - {call: openat, when: {flags: {mask: O_WRONLY, eq: 0}}, action: allow}
  - {call: openat2, stage: main, action: kill}
  - {calls: [openat2, execve], action: allow}
`,
			[]string{
				"p.yaml:7: allows execve of any file: paths are unrestricted",
				"p.yaml:5: allows openat for writing, and paths are unrestricted",
				"p.yaml:7: allows openat2 for writing, and paths are unrestricted",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseX86(t, tt.text).Warnings()); diff != "" {
				t.Error(diff)
			}
		})
	}
	// A policy that allows by default is warned of at its default.
	for _, line := range parseX86(t, "name: x\ndefault: allow\n").Warnings() {
		if !strings.HasPrefix(line, "p.yaml:2: allows ") {
			t.Error(line)
		}
	}
}
