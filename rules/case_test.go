package rules_test

import (
	"errors"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
)

// try parses cases and tries a policy with them.
func try(t *testing.T, p *rules.Policy, text string) ([]rules.Case, []rules.Trial) {
	t.Helper()
	list, err := rules.ParseCases("c.yaml", []byte(text), abi.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	m := rules.NewMatcher(p, abi.X86_64)
	var out []rules.Trial
	for i := range list {
		out = append(out, m.Try(&list[i]))
	}
	return list, out
}

func TestCases(t *testing.T) {
	p := parseX86(t, `default: kill
read: [/usr/lib]
create: [/srv/out]
exec: [/usr/bin/sh]
syscalls:
  - call: openat
    stage: loader
    when: {flags: {mask: O_ACCMODE, eq: O_RDONLY}}
    action: allow
  - calls: [openat, creat]
    when: {mode: 0600}
    action: log
  - call: access
    probe: [/etc/ld.so.preload]
    action: errno(ENOENT)
  - calls: [rename, execve, openat2]
    action: allow
  - call: kill
    when: {pid: self, sig: SIGTERM}
    action: allow
`)
	list, trials := try(t, p, `
- call: openat
  args: [AT_FDCWD, /usr/lib/x.so, O_RDONLY|O_CLOEXEC]
- {call: openat, args: [AT_FDCWD, /usr/lib/x.so, O_RDONLY], stage: loader, expect: allow, files: granted}
- {call: openat, args: {flags: O_WRONLY|O_CREAT, mode: 0600, filename: /srv/out/new}, expect: log, files: granted}
- {call: openat, args: [AT_FDCWD, /srv/other, O_WRONLY|O_CREAT, 0600], expect: log, files: refused}
- {call: access, args: [/etc/ld.so.preload, F_OK], expect: errno ENOENT}
- {call: access, args: [/etc/passwd, 4], expect: errno}
- {call: rename, args: [/srv/out/a, /srv/out/sub/b], files: granted}
- {call: rename, args: [/srv/out, /srv/out2], files: refused}
- {call: execve, args: [/usr/bin/sh, [sh, -c, "true"], 0x7ffe0000], files: granted}
- {call: kill, args: [self, 15], self: 77, expect: allow}
- {call: kill, args: [1, 15], self: 77, expect: kill}
- {call: openat2, args: [3, relative, NULL, 24], expect: allow}
- {call: openat, args: [3, ../x, O_RDONLY], stage: loader, files: refused}
`)
	want := []string{
		"", "", "", "", "", "expected an errno", "", "", "", "", "", "", "expected files refused: the path is relative",
	}
	for i := range list {
		if got := trials[i].Fails(list[i].Expect); got != want[i] {
			t.Errorf("line %d: %q, want %q: %+v", list[i].Line, got, want[i], trials[i])
		}
	}
	if trials[0].Same() || trials[0].Loader.Action.Kind != rules.Allow || trials[0].Main.Action.Kind != rules.Kill || !trials[0].Files[0].Granted {
		t.Errorf("without a stage: %+v", trials[0])
	}
	if f := trials[2].Files[0]; f.Missing || f.Need.String() != "write" {
		t.Errorf("a file to be made: %+v", f)
	}
	if f := trials[11].Files[0]; f.Unknown == "" {
		t.Errorf("openat2: %+v", f)
	}

	// What is not known counts as 0, and is named where a rule looks at it.
	c := list[3]
	c.Known[3], c.Call.Args[3] = false, 0
	if trial := rules.NewMatcher(p, abi.X86_64).Try(&c); len(trial.Assumed) != 1 || trial.Assumed[0] != "mode" || trial.Main.Action.Kind != rules.Kill {
		t.Errorf("an unknown mode: %+v", trial)
	}
}

func TestCasesErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "c.yaml:1: the document is empty"},
		{"call: read\n", "c.yaml:1:1: the list of cases is a mapping; it must be a list"},
		{"- call: raed\n", `c.yaml:1:9: unknown syscall "raed" (did you mean "read"?)`},
		{"- args: [1]\n", "the case names no call"},
		{"- {call: read, args: [1, 2, 3, 4]}\n", "read has 3 arguments, not 4"},
		{"- {call: read, args: {fb: 1}}\n", `read has no argument "fb"`},
		{"- {call: read, args: [O_NONSENSE]}\n", `unknown constant "O_NONSENSE"`},
		{"- {call: read, args: [0x100000000]}\n", "read as 32 bits"},
		{"- {call: read, args: 1}\n", "args is a single value"},
		{"- {call: read, arg: [1]}\n", `unknown key "arg"`},
		{"- {call: read, stage: early}\n", `unknown stage "early"`},
		{"- {call: read, expect: maybe}\n", `expect: unknown action "maybe"`},
		{"- {call: read, files: perhaps}\n", "granted or refused"},
		{"- {call: read, self: 0}\n", "is no process id"},
		{"- {call: access, args: [[1]]}\n", "filename is a list; it must be a path"},
		{"- 17\n", "the case is a single value"},
		{"- call: read\n  args: [\xff]\n", "not UTF-8"},
		{strings.Repeat("#\n", 1<<20), "at most"},
	} {
		_, err := rules.ParseCases("c.yaml", []byte(tt.text), abi.X86_64)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40q: %v, want %q", tt.text, err, tt.want)
		}
		if p := (*rules.ParseError)(nil); err != nil && !errors.As(err, &p) {
			t.Errorf("%.40q: %T", tt.text, err)
		}
	}
}

func FuzzParseCases(f *testing.F) {
	f.Add("- {call: openat, args: [AT_FDCWD, /etc/passwd, O_RDONLY], stage: main, expect: kill}\n")
	f.Add("- call: kill\n  args: {pid: self, sig: SIGTERM}\n  self: 5\n  files: refused\n")
	f.Add("- [1, {a: b}]\n- call: read\n  args: [null, ~, NULL]\n")
	p, err := rules.Profile("compute")
	if err != nil {
		f.Fatal(err)
	}
	m := rules.NewMatcher(p, abi.X86_64)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := rules.ParseCases("c.yaml", []byte(text), abi.X86_64)
		if err != nil && list != nil && len(list) > len(text) {
			t.Fatal("more cases than text")
		}
		for i := range list {
			trial := m.Try(&list[i])
			trial.Fails(list[i].Expect)
		}
	})
}
