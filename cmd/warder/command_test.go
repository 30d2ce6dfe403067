package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testutil"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{
		{"--help"},
		{"help"},
		{"run", "--help"},
		{"help", "run"},
		{"code", "-h"},
		{"policy", "--help"},
		{"policy", "explain", "--help"},
		{"doctor", "--help"},
	} {
		o := warder(t, args...)
		o.want(t, 0, "")
		if !strings.Contains(o.stdout, "Usage:") {
			t.Errorf("%q prints %q", args, o.stdout)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args   string
		stderr string
	}{
		{"", "warder: no subcommand"},
		{"rnu", `unknown subcommand "rnu" (did you mean "run"?)`},
		{"--nonsense", "unknown flag: --nonsense"},
		{"policy", "needs a subcommand"},
		{"policy chek compute", `(did you mean "check"?)`},
		{"policy check", "no FILE or PROFILE given"},
		{"policy show compute strict", `unexpected argument "strict"`},
		{"policy show nonsense", `no policy "nonsense"`},
		{"policy disasm --engine ptrace compute", "has no filter"},
		{"policy disasm --arch mips compute", "--arch"},
		{"policy explain --engine strict compute", "strict"},
		{"policy explain --engine seccomp compute", "needs a stop"},
		{"version x", "unexpected argument"},
		{"code", "no code given"},
		{"code --hex zz", `--hex: "z" at position 1`},
		{"code --hex c3 --file x", "give one of them"},
		{"code --file /nonexistent", "no such file"},
	} {
		o := warder(t, strings.Fields(c.args)...)
		o.want(t, 125, c.stderr)
		if o.stdout != "" || strings.Count(o.stderr, "warder: ") != strings.Count(o.stderr, "\n") {
			t.Errorf("%q: standard output %q, error %q", c.args, o.stdout, o.stderr)
		}
	}
}

func TestCompletionAndVersion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if o := warder(t, "completion", shell); o.status != 0 || !strings.Contains(o.stdout, "warder") {
			t.Errorf("completion %s: status %d", shell, o.status)
		}
	}
	if o := warder(t, "version"); o.status != 0 || !strings.Contains(o.stdout, "go1.") {
		t.Errorf("version: %+v", o)
	}
}

func TestPolicyCheck(t *testing.T) {
	o := warder(t, "policy", "check", "compute")
	if o.status != 0 || !strings.HasPrefix(o.stdout, "compute: ok, ") {
		t.Errorf("compute: %+v", o)
	}
	dir := t.TempDir()
	bad, open := filepath.Join(dir, "bad.yaml"), filepath.Join(dir, "open")
	for path, text := range map[string]string{
		bad:  "default: kill\nsyscalls:\n  - call: raed\n    action: allow\n  - call: write\n    action: perhaps\n",
		open: "default: allow\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o = warder(t, "policy", "check", bad)
	o.want(t, 1, bad+":3")
	o.want(t, 1, bad+":6")
	o = warder(t, "policy", "check", open)
	o.want(t, 0, "warning: ")
	if o.stdout != open+": ok, 0 rules\n" {
		t.Errorf("%q", o.stdout)
	}
	warder(t, "policy", "check", filepath.Join(dir, "none.yaml")).want(t, 125, "no such file")
}

func TestPolicyShow(t *testing.T) {
	o := warder(t, "policy", "show", "compute")
	o.want(t, 0, "")
	// What is shown is a policy again, and its own normal form.
	file := filepath.Join(t.TempDir(), "shown.yaml")
	if err := os.WriteFile(file, []byte(o.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := warder(t, "policy", "show", file); again.stdout != o.stdout {
		t.Error("what policy show prints is shown otherwise")
	}
}

func TestPolicyExplain(t *testing.T) {
	for engine, words := range map[string][]string{
		"hybrid": {"Landlock, read", "kernel, by number", "about 55 ns", "stop", "about 10 us", "any other call"},
		"ptrace": {"Landlock, read", "stop, at entry and exit"},
	} {
		o := warder(t, "policy", "explain", "--engine", engine, "compute")
		o.want(t, 0, "")
		for _, w := range words {
			if !strings.Contains(o.stdout, w) {
				t.Errorf("--engine %s: no %q in\n%s", engine, w, o.stdout)
			}
		}
	}
	for _, engine := range []string{"seccomp", "strict"} {
		warder(t, "policy", "explain", "--engine", engine, "strict").want(t, 0, "")
	}
}

func TestPolicyDisasm(t *testing.T) {
	for _, arch := range []string{"x86_64", "aarch64"} {
		o := warder(t, "policy", "disasm", "--arch", arch, "compute")
		o.want(t, 0, "")
		for _, w := range []string{arch, "A = arch", "return ALLOW", "return TRACE", "return KILL_PROCESS"} {
			if !strings.Contains(o.stdout, w) {
				t.Errorf("%s: no %q", arch, w)
			}
		}
	}
}

func TestWiden(t *testing.T) {
	p, err := loadPolicy("compute")
	if err != nil {
		t.Fatal(err)
	}
	before := len(p.Read)
	dir := t.TempDir()
	wide, err := widen(p, []string{dir, "."}, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(wide.Read) != before+2 || len(p.Read) != before || wide == p || wide.Read[before].Name != dir || wide.Read[before].Optional {
		t.Errorf("%d grants became %+v, and the profile has %d", before, wide.Read, len(p.Read))
	}
	if same, err := widen(p, nil, nil); err != nil || same != p {
		t.Errorf("nothing to add: %v", err)
	}
	if _, err := widen(wide, []string{"/no/such"}, nil); err == nil {
		t.Error("a path that is not there was granted")
	}
}

func TestLiveCode(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	file := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(file, []byte{0xb0, 42, 0xc3}, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--hex", "b0 2a c3"}, {"--file", file}} {
		o := warder(t, append([]string{"code"}, args...)...)
		o.want(t, 0, "")
		if o.stdout != "untrusted code returned 42\n" {
			t.Errorf("%q: %q", args, o.stdout)
		}
	}
	for name, c := range map[string]struct {
		hex    string
		status int
		stderr string
	}{
		"getpid": {"b8 27 00 00 00 0f 05 c3", 159, "warder: policy violation: getpid() at "},
		"loop":   {"eb fe", 124, "warder: CPU time limit: "},
		"ud2":    {"0f 0b", 132, "warder: killed by SIGILL (Illegal instruction)"},
		"null":   {"31 c0 8b 00 c3", 139, "warder: killed by SIGSEGV"},
		"exit 3": {"b8 3c 00 00 00 bf 03 00 00 00 0f 05", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := warder(t, "code", "--cpu-time", "0.1", "--hex", c.hex)
			o.want(t, c.status, c.stderr)
			if o.stdout != "" {
				t.Errorf("it prints %q", o.stdout)
			}
		})
	}
}

func TestLiveDoctor(t *testing.T) {
	needs(t)
	o := warder(t, "doctor")
	o.want(t, 0, "")
	if !strings.Contains(o.stdout, "engine hybrid") {
		t.Errorf("doctor: %s", o.stdout)
	}
	var checks []check
	o = warder(t, "doctor", "--json")
	if err := json.Unmarshal([]byte(o.stdout), &checks); err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.State == missing && c.Cost == "" || c.Detail == "" {
			t.Errorf("%+v says too little", c)
		}
	}
}
