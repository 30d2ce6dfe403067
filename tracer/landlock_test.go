package tracer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/jail"
	"warder/rules"
	"warder/tracer"
)

// besideLandlock are the walls that would hide what Landlock does: a network
// of the session's own has no other listener, an empty root no file.
var besideLandlock = []tracer.Wall{tracer.WallNetNS, tracer.WallRoot}

// fileRules let every call run that Landlock judges by files.
const fileRules = `syscalls:
  - calls: [open, openat, creat, truncate, mkdir, mkdirat, rmdir, unlink, unlinkat, rename, renameat, renameat2,
            link, linkat, symlink, symlinkat, mknod, mknodat, ioctl, execve, socket, bind]
    action: allow
`

// operation is one of the program "landlock" and how it is to go. "@" in
// it stands for the test's directory.
type operation struct{ what, want string }

// operate runs the steps under a policy and compares how they go.
func operate(t *testing.T, policy *rules.Policy, top string, steps []operation) {
	t.Helper()
	operateAs(t, 0, policy, top, steps)
}

// operateAs is operate with a user id that is not the session's own alone.
func operateAs(t *testing.T, uid uint32, policy *rules.Policy, top string, steps []operation) {
	t.Helper()
	argv, want := args(), ""
	for _, s := range steps {
		what := strings.ReplaceAll(s.what, "@", top+"/")
		argv = append(argv, strings.Fields(what)...)
		want += what + ": " + s.want + "\n"
	}
	r, out := hold(t, tracer.Config{Path: testprog.Program(t, "landlock"), Args: argv, Policy: policy, UID: uid, Without: besideLandlock})
	if r.Outcome != tracer.OK {
		t.Errorf("%s %v", fate(r), r.Violation)
	}
	got, expected := strings.Split(out, "\n"), strings.Split(want, "\n")
	for i := range min(len(got), len(expected)) {
		if got[i] != expected[i] {
			t.Errorf("%s, want %s", got[i], expected[i])
		}
	}
	if len(got) != len(expected) {
		t.Errorf("%d operations, want %d", len(got)-1, len(steps))
	}
}

// playground makes directories that every user may write to, each with a file
// f, a directory sub and a program.
func playground(t *testing.T, dirs ...string) string {
	t.Helper()
	top := t.TempDir()
	// What a test's directory is in is for its owner alone.
	if err := os.Chmod(filepath.Dir(top), 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(testprog.Program(t, "hello-static"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		dir = filepath.Join(top, dir)
		sub := filepath.Join(dir, "sub")
		err := errors.Join(
			os.Mkdir(dir, 0o777), os.Mkdir(sub, 0o777), os.Chmod(dir, 0o777), os.Chmod(sub, 0o777), // whatever the umask
			os.WriteFile(filepath.Join(dir, "f"), []byte("something"), 0o666), os.Chmod(filepath.Join(dir, "f"), 0o666),
			os.WriteFile(filepath.Join(dir, "hello"), program, 0o777), os.Chmod(filepath.Join(dir, "hello"), 0o777),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// needABI skips where the kernel's Landlock is older.
func needABI(t *testing.T, abi int) {
	t.Helper()
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock)
	if have := jail.LandlockABI(); have < abi {
		t.Skipf("needs Landlock ABI %d, have %d", abi, have)
	}
}

// fileSteps try every right about files on every kind of grant.
var fileSteps = []operation{
	{"read @read/f", "ok"},
	{"read @write/f", "EACCES"},
	{"read @create/f", "ok"},
	{"read @other/f", "EACCES"},
	{"list @read", "ok"},
	{"list @write", "EACCES"},
	{"list @create/sub", "ok"},

	{"write @read/f", "EACCES"},
	{"write @write/f", "ok"},
	{"write @create/f", "ok"},
	{"write @other/f", "EACCES"},
	{"append @read/f", "EACCES"},
	{"append @write/f", "ok"},
	{"rdwr @write/f", "EACCES"},
	{"rdwr @create/f", "ok"},
	{"write @single/f", "ok"},
	{"write @single/hello", "EACCES"},

	{"truncate @read/f", "EACCES"},
	{"truncate @write/f", "ok"},
	{"truncate @create/f", "ok"},
	{"truncate @other/f", "EACCES"},
	{"otrunc @read/f", "EACCES"},
	{"otrunc @write/f", "ok"},

	{"create @read/new", "EACCES"},
	{"create @write/new", "EACCES"},
	{"create @create/new", "ok"},
	{"create @other/new", "EACCES"},
	{"tmpfile @write", "EACCES"},
	{"tmpfile @create", "ok"},
	{"mkdir @write/dir", "EACCES"},
	{"mkdir @create/dir", "ok"},
	{"symlink /etc/passwd @write/link", "EACCES"},
	{"symlink @other/f @create/link", "ok"},
	{"read @create/link", "EACCES"},
	{"mkfifo @create/pipe", "EACCES"},
	{"mksock @create/socket", "EACCES"},

	{"unlink @read/f", "EACCES"},
	{"unlink @write/f", "EACCES"},
	{"rmdir @write/sub", "EACCES"},
	{"unlink @create/link", "ok"},
	{"rmdir @create/dir", "ok"},

	{"rename @write/f @write/g", "EACCES"},
	{"rename @create/new @create/newer", "ok"},
	{"rename @create/newer @more/newer", "ok"},
	{"rename @create/sub @more/moved", "ok"},
	{"link @more/newer @create/newest", "ok"},
	{"rename @create/newest @write/newest", "EACCES"},
	{"rename @read/f @create/stolen", "EACCES"},
	{"link @read/f @create/stolen", "EXDEV"},
	{"link @other/f @create/stolen", "EXDEV"},
	// What may be executed there would be here: the file would gain a right.
	{"rename @create/newest @run/newest", "EXDEV"},
	{"link @create/newest @run/newest", "EXDEV"},
	{"exchange @create/newest @run/f", "EXDEV"},
	{"rename @run/f @create/lesser", "ok"},

	{"ioctl @zero", "EACCES"},
	{"exec @read/hello", "EACCES"},
	{"exec @create/hello", "EACCES"},
	{"exec @other/hello", "EACCES"},
}

func filePlayground(t *testing.T) string {
	top := playground(t, "read", "write", "single", "create", "more", "run", "other")
	if err := os.Symlink("/dev/zero", filepath.Join(top, "zero")); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestLiveLandlockFiles(t *testing.T) {
	needABI(t, 5)
	noStrays(t)
	top := filePlayground(t)
	policy := onTopOf(t, "compute", strings.ReplaceAll(`read: [@read, /dev/zero]
write: [@write, @single/f, "@absent?"]
create: [@create, @more, @run]
exec: [@run]
`, "@", top+"/")+fileRules)
	operate(t, policy, top, fileSteps)
	r, out := hold(t, tracer.Config{
		Path: testprog.Program(t, "landlock"), Args: args("exec", filepath.Join(top, "run/hello")), Policy: policy, Without: besideLandlock,
	})
	if r.Outcome != tracer.OK || out != "hello, world\n" {
		t.Errorf("exec of what may be executed: %s, %q", fate(r), out)
	}
}

// TestLiveLandlockAnyFile takes the same steps where paths are unrestricted:
// what was refused above was refused by Landlock alone.
func TestLiveLandlockAnyFile(t *testing.T) {
	needABI(t, 2)
	noStrays(t)
	top := filePlayground(t)
	policy := onTopOf(t, "compute", "paths: unrestricted\n"+fileRules)
	moved := map[string]string{ // by the steps before
		"unlink @write/f":                     "ok",
		"rename @write/f @write/g":            "ENOENT",
		"unlink @read/f":                      "ok",
		"rename @read/f @create/stolen":       "ENOENT",
		"link @read/f @create/stolen":         "ENOENT",
		"rename @create/newest @write/newest": "ok",
		"rename @create/newest @run/newest":   "ENOENT",
		"link @create/newest @run/newest":     "ENOENT",
		"exchange @create/newest @run/f":      "ENOENT",
		"ioctl @zero":                         "ENOTTY",
		"create @create/new":                  "ok",
		"symlink /etc/passwd @write/link":     "ok",
		"exec @read/hello":                    "", // the last: the others are not reached
	}
	var steps []operation
	for _, s := range fileSteps {
		want, ok := moved[s.what]
		if !ok {
			want = "ok"
		}
		if want != "" {
			steps = append(steps, operation{s.what, want})
			continue
		}
		break
	}
	operate(t, policy, top, steps)
	r, out := hold(t, tracer.Config{
		Path: testprog.Program(t, "landlock"), Args: args("exec", filepath.Join(top, "read/hello")), Policy: policy, Without: besideLandlock,
	})
	if r.Outcome != tracer.OK || out != "hello, world\n" {
		t.Errorf("exec of any file: %s, %q", fate(r), out)
	}
}

// TestLiveLandlockMakes: a static program that may open nothing still has what
// its policy lets it make.
func TestLiveLandlockMakes(t *testing.T) {
	needABI(t, 3)
	noStrays(t)
	top := playground(t, "create", "other")
	policy := onTopOf(t, "compute", "create: ["+top+"/create]\nsyscalls:\n  - {calls: [mkdir, rename], action: allow}\n")
	operate(t, policy, top, []operation{
		{"mkdir @create/new", "ok"},
		{"rename @create/new @create/sub", "ok"},
		{"mkdir @other/new", "EACCES"},
	})
}

// TestLiveLandlockLaunch: what cannot be granted ends the launch and nothing is
// made for it.
func TestLiveLandlockLaunch(t *testing.T) {
	needABI(t, 3)
	noStrays(t)
	top := playground(t, "create")
	if err := os.Symlink("create", filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	for keys, want := range map[string]error{
		"write: [@none]\n":                                   syscall.ENOENT,
		"create: [@none]\n":                                  syscall.ENOENT,
		"create: [@create/f]\n":                              syscall.ENOTDIR,
		"write: [@link/f]\n":                                 syscall.ELOOP,
		"create: [@link]\n":                                  syscall.ELOOP,
		"read: [@link]\nwrite: ['@none?', @create/f]\n":      nil,
		"read: [{path: '@none?', stage: loader}, @create]\n": nil,
	} {
		policy := onTopOf(t, "compute", strings.ReplaceAll(keys, "@", top+"/"))
		r, out, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "hello"), Policy: policy, Without: besideLandlock})
		switch {
		case !errors.Is(err, want):
			t.Errorf("%q: %v, want %v", keys, err, want)
		case err == nil && (r.Outcome != tracer.OK || out != "hello, world\n"):
			t.Errorf("%q: %s, %q", keys, fate(r), out)
		case err != nil && !strings.Contains(err.Error(), top):
			t.Errorf("%q: %v does not name the path", keys, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(top, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a grant made its path: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(top, "create/f")); err != nil || string(text) != "something" {
		t.Errorf("a grant changed its file: %q, %v", text, err)
	}
}
