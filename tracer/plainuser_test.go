package tracer_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
)

// plainUser is nobody's id: no rights, and no files but what a test gives.
const plainUser = 65534

// besideTheUser are the families of attacks that a user id of its own helps
// to hold: on files, descriptors, other processes and limits. A plain user's
// program has none.
const besideTheUser = `^(fd|fs|kcmp|kill|open|pidfd|proc|process|ptrace|rlimit|robust|set[a-z]*|sigqueue|tgkill|tkill|uid|vm|wait)-`

// TestLivePlainUser runs live tests once more, in this test binary started as
// a plain user: what a supervisor without rights promises holds as well.
func TestLivePlainUser(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock, testutil.Root)
	testprog.CompileAll(t)
	binary, env := asPlainUser(t)
	for _, c := range []struct {
		name, tests string
		least       int // how many have to pass, subtests included
	}{
		{"programs", "^TestLivePrograms$", 10},
		{"verdicts", "^TestLiveVerdicts$/^(hybrid|ptrace|seccomp)$/^(ends|leader|raises|infinite|private|output|violation)", 50},
		// The seccomp engine takes no plain user's policy with processes.
		{"orphans", "^TestLiveVerdicts$/^(hybrid|ptrace)$/^leaves", 2},
		{"sessions", "^TestLive(Stdout|LaunchErrors|CutOff|SetupErrors|StandardClosed|SignalsNotInherited|EntryMemory|EntryRegs|CallHook|ViolationHook|Panic|Orphan|ManySessions)$", 13},
		{"attacks", "^TestLiveAttacks$/^(hybrid|ptrace)$/" + besideTheUser, 100},
		{"notified", "^TestLiveNotified(Violation|Fstat|Interrupted|SIGSYS)?$", 12},
		{"attacks, notified", "^TestLiveAttacksNotified$/" + besideTheUser, 50},
		{"attacks, filter only", "^TestLiveAttacksFilterOnly$/" + besideTheUser, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(binary, "-test.v", "-test.count=1", "-test.timeout=2m", "-test.run="+c.tests)
			cmd.Env = env
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: plainUser, Gid: plainUser}}
			said, err := cmd.CombinedOutput()
			passed, rest := sortVerbose(string(said))
			if err != nil {
				t.Errorf("as user %d: %v\n%s", plainUser, err, rest)
			}
			// Tests that skip, or are not found under their names, show nothing.
			if passed < c.least {
				t.Errorf("%d tests passed as user %d, want %d or more\n%s", passed, plainUser, c.least, rest)
			}
		})
	}
}

var (
	verbosePassed  = regexp.MustCompile(`(?m)^ *--- PASS: .*\n`)
	verboseStarted = regexp.MustCompile(`(?m)^=== .*\n`)
)

// sortVerbose counts the tests that passed in what -test.v prints, and gives
// what else it says.
func sortVerbose(said string) (passed int, rest string) {
	passed = len(verbosePassed.FindAllString(said, -1))
	return passed, verboseStarted.ReplaceAllString(verbosePassed.ReplaceAllString(said, ""), "")
}

// asPlainUser copies this binary to where the plain user may execute it, and
// gives an environment with directories of his own.
func asPlainUser(t *testing.T) (binary string, env []string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	scratch := testprog.Scratch(t)
	for _, dir := range []string{here, scratch} {
		if closed := closedAbove(dir); closed != "" && testutil.CI() {
			t.Fatalf("user %d cannot get to %s: %s is closed to others", plainUser, dir, closed)
		} else if closed != "" {
			t.Skipf("user %d cannot get to %s: %s is closed to others", plainUser, dir, closed)
		}
	}
	own := func(name string) string {
		dir := filepath.Join(scratch, name)
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Chown(dir, plainUser, plainUser)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(scratch, "tracer.test")
	copyExecutable(t, exe, binary)
	// What is compiled already need not be compiled anew.
	cache := own("programs")
	built, err := filepath.Glob(filepath.Join(filepath.Dir(testprog.Program(t, "true")), "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range built {
		if err := os.Symlink(program, filepath.Join(cache, filepath.Base(program))); err != nil {
			t.Fatal(err)
		}
	}
	return binary, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + own("home"), "TMPDIR=" + own("tmp"), "WARDER_TESTPROG=" + cache,
		// Of what this machine promises the plain user has all but root.
		"CI=" + os.Getenv("CI"), fmt.Sprintf("WARDER_PROMISED=%s,%s,%s", testutil.Ptrace, testutil.Seccomp, testutil.Landlock),
	}
}

// closedAbove gives the directory, dir or one above it, that other users may
// not pass; "" where there is none.
func closedAbove(dir string) string {
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&1 == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func copyExecutable(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(t, in)
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	// chmod, for the umask does not apply to it.
	if err := errors.Join(err, out.Chmod(0o755), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestSortVerbose: a run that says nothing of a test did not pass it.
func TestSortVerbose(t *testing.T) {
	passed, rest := sortVerbose(strings.Join([]string{
		"=== RUN   TestA", "=== RUN   TestA/one", "    a_test.go:1: wrong", "--- FAIL: TestA (0.00s)",
		"    --- PASS: TestA/one (0.00s)", "--- SKIP: TestB (0.00s)", "FAIL", "",
	}, "\n"))
	if want := "    a_test.go:1: wrong\n--- FAIL: TestA (0.00s)\n--- SKIP: TestB (0.00s)\nFAIL\n"; passed != 1 || rest != want {
		t.Errorf("%d passed, and %q, want one and %q", passed, rest, want)
	}
}
