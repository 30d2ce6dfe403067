package tracer_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// sealPolicy lets a file be opened before the entry point. After it openat is
// refused by a rule, or the path by Landlock, or both.
func sealPolicy(t *testing.T, file string, byRule, byPath bool) *rules.Policy {
	t.Helper()
	path, main := file, "allow"
	if byPath {
		path = "{path: " + file + ", stage: loader}"
	}
	if byRule {
		main = "errno(EMFILE)"
	}
	return onTopOf(t, "compute", fmt.Sprintf(`read: [%s]
syscalls:
  - {calls: [open, openat], stage: loader, action: allow}
  - {calls: [open, openat], stage: main, action: %s}
  - {calls: [clone, wait4], action: allow}
  - {calls: [clone3], action: errno(ENOSYS)}
  - {call: prctl, stage: main, action: trace}
`, path, main))
}

// TestLiveSealed runs programs that differ in what is alive at their entry
// point: from there on the second filter and the second Landlock domain hold
// every one of them.
func TestLiveSealed(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root, testutil.Landlock)
	file := testprog.Scratch(t) + "/table"
	if err := os.WriteFile(file, []byte("7"), 0o644); err != nil {
		t.Fatal(err)
	}
	sealed := testprog.Program(t, "sealed")
	for _, tt := range []struct {
		mode, out string
		threads   bool
	}{
		{"plain", "before 0\nafter %d\n", false},
		{"thread", "before 0\nafter %[1]d\nthread %[1]d\n", true},
		{"scribble", "before 0\nafter %d\n", true},
		{"fork", "before 0\nafter %[1]d\nafter %[1]d\n", false},
		{"storm", "before 0\nafter %d\nalarms\n", false},
		{"blocked", "before 0\nafter %d\npending 1 blocked 1 0\n", false},
	} {
		for _, by := range []string{"rule", "path", "both"} {
			for _, engine := range hookEngines {
				t.Run(fmt.Sprintf("%s/%s/%s", tt.mode, by, engine), func(t *testing.T) {
					byPath, errno := by != "rule", unix.EMFILE
					if by == "path" {
						errno = unix.EACCES
					}
					want := fmt.Sprintf(tt.out, errno)
					policy := sealPolicy(t, file, by != "path", byPath)
					for range 5 {
						r, out := hold(t, tracer.Config{
							Path: sealed, Args: args(tt.mode, file), Engine: engine, Policy: policy, Limits: unhurried,
							Without: []tracer.Wall{tracer.WallRoot, tracer.WallMountNS},
						})
						if tt.threads && byPath {
							if r.Outcome != tracer.PolicyViolation || !strings.Contains(r.Violation.Rule, "threads were started before the entry point") {
								t.Fatalf("%v %s %v, %q", r.Outcome, r.Message, r.Violation, out)
							}
							continue
						}
						if r.Outcome != tracer.OK || out != want {
							t.Fatalf("%v %s %v, %q, want %q", r.Outcome, r.Message, r.Violation, out, want)
						}
					}
				})
			}
		}
	}
	t.Run("close", func(t *testing.T) {
		for _, engine := range hookEngines {
			r, out := hold(t, tracer.Config{
				Path: sealed, Args: args("close", file), Engine: engine, Policy: sealPolicy(t, file, false, true),
				Without: []tracer.Wall{tracer.WallRoot, tracer.WallMountNS},
			})
			if r.Outcome != tracer.PolicyViolation || !strings.Contains(r.Violation.Rule, "landlock_restrict_self: bad file descriptor") {
				t.Errorf("%s: %v %s %v, %q", engine, r.Outcome, r.Message, r.Violation, out)
			}
		}
	})
}

// TestLiveStagePaths refuses paths for the loader alone where nothing could
// take them back.
func TestLiveStagePaths(t *testing.T) {
	const keys = "read: [{path: /usr/share, stage: loader}]\n"
	for _, tt := range []struct {
		engine tracer.Engine
		more   string
		want   string
	}{
		{tracer.Seccomp, "", `path "/usr/share" with stage loader needs a stop, and the seccomp engine makes none`},
		{tracer.Hybrid, "syscalls: [{call: execve, action: allow}]\n", "lets programs be executed past the entry point"},
	} {
		policy, err := rules.Parse("p.yaml", []byte("default: kill\n"+keys+tt.more), rules.ParseOptions{})
		if err == nil {
			_, err = tracer.Prepare(policy, tt.engine)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.engine, err)
		}
	}
}
