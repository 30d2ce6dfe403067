package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warder/internal/testutil"
	"warder/rules"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{
		{"--help"},
		{"help"},
		{"run", "--help"},
		{"help", "run"},
		{"code", "-h"},
		{"bench", "--help"},
		{"policy", "--help"},
		{"policy", "explain", "--help"},
		{"policy", "diff", "--help"},
		{"policy", "test", "--help"},
		{"learn", "--help"},
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
	wide, err := widen(p, &grantFlags{read: []string{dir, "."}, exec: []string{dir}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(wide.Read) != before+2 || len(p.Read) != before || wide == p || wide.Read[before].Name != dir || wide.Read[before].Optional {
		t.Errorf("%d grants became %+v, and the profile has %d", before, wide.Read, len(p.Read))
	}
	if same, err := widen(p, &grantFlags{}, ""); err != nil || same != p {
		t.Errorf("nothing to add: %v", err)
	}
	if _, err := widen(wide, &grantFlags{read: []string{"/no/such"}}, ""); err == nil {
		t.Error("a path that is not there was granted")
	}
}

func TestWidenForWriting(t *testing.T) {
	p, err := loadPolicy("compute")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	wide, err := widen(p, &grantFlags{write: []string{file, dir + "/"}, create: []string{dir}}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []rules.Path{{Name: file}, {Name: dir}}
	if !slices.Equal(wide.Write, want) || !slices.Equal(wide.Create, want[1:]) || len(p.Write)+len(p.Create) > 0 {
		t.Errorf("write %+v, create %+v", wide.Write, wide.Create)
	}
	for _, c := range []struct {
		flags grantFlags
		root  string
		want  string
	}{
		{grantFlags{write: []string{dir + "/none"}}, "", "--write: lstat " + dir + "/none: no such file or directory"},
		{grantFlags{write: []string{link}}, "", "--write: " + link + ": what may be written is granted by its own path, without symbolic links: " + file},
		{grantFlags{create: []string{file}}, "", "--create: create below " + file + ": not a directory"},
		{grantFlags{create: []string{""}}, "", "--create: an empty path"},
		{grantFlags{create: []string{"data"}}, dir, "--create: data: with --root a path is absolute there"},
		{grantFlags{write: []string{"/no/such"}}, dir, ""},
	} {
		got := ""
		if _, err := widen(p, &c.flags, c.root); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.flags, got, c.want)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "none")); err == nil {
		t.Error("a grant made its path")
	}
}

// TestLiveWrite writes what --write and --create grant, and nothing else.
func TestLiveWrite(t *testing.T) {
	needs(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(dir, "policy.yaml")
	made, there, other := filepath.Join(dir, "tree"), filepath.Join(dir, "there"), filepath.Join(dir, "other")
	if err := errors.Join(
		os.Chmod(filepath.Dir(dir), 0o755), os.Mkdir(made, 0o777), os.Chmod(made, 0o777),
		os.WriteFile(policy, []byte("base: runtime\nsyscalls:\n  - {calls: [open, openat], action: allow}\n  - {calls: [fchmod, fchown, fadvise64], action: errno(EPERM)}\n"), 0o600),
		os.WriteFile(there, []byte("old"), 0o666), os.Chmod(there, 0o666),
		os.WriteFile(other, []byte("old"), 0o666), os.Chmod(other, 0o666),
	); err != nil {
		t.Fatal(err)
	}
	script := `BEGIN { print "new" > "` + there + `"; print "new" > "` + made + `/file" }`
	warder(t, "run", "--policy", policy, "--write", there, "--create", made, "--", "awk", script).want(t, 0, "")
	for _, file := range []string{there, filepath.Join(made, "file")} {
		if text, err := os.ReadFile(file); err != nil || string(text) != "new\n" {
			t.Errorf("%s: %q, %v", file, text, err)
		}
	}
	o := warder(t, "run", "--policy", policy, "--write", there, "--", "awk", `BEGIN { print "new" > "`+other+`" }`)
	if text, err := os.ReadFile(other); err != nil || string(text) != "old" || o.status == 0 {
		t.Errorf("not granted: status %d, %q, %v", o.status, text, err)
	}
	// No rule of compute lets a file be opened for writing.
	warder(t, "run", "--write", there, "--", "true").want(t, 0, "warder: warning: write grants files, but no rule lets one be opened for writing")
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
