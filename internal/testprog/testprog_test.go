package testprog

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"warder/internal/testutil"
)

// TestCompileAll builds everything, and shows that a second look builds nothing.
func TestCompileAll(t *testing.T) {
	CompileAll(t)
	start := time.Now()
	CompileAll(t)
	t.Logf("all found again in %v", time.Since(start))
}

// TestAttacksSucceedBare proves that each attack is one: without a
// supervisor it does what it claims. One that fails bare would pass under the
// supervisor for the wrong reason.
func TestAttacksSucceedBare(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole corpus")
	}
	before := testutil.TakeSnapshot()
	CompileAll(t)
	t.Run("attack", func(t *testing.T) {
		for _, info := range Attacks(t) {
			t.Run(info.Name, func(t *testing.T) {
				t.Parallel()
				testutil.Require(t, info.Needs...)
				succeedsBare(t, info)
			})
		}
	})
	testutil.NoStrays(t, before)
}

func succeedsBare(t *testing.T, info AttackInfo) {
	t.Helper()
	scratch := Scratch(t)
	r := runBare(t, info, scratch)
	if !slices.Contains(info.Bare, r.Outcome) {
		t.Errorf("%s: %s, want %s\n%q", info.Claim, r.Outcome, strings.Join(info.Bare, " or "), r.Output)
	}
	for _, stray := range r.Strays {
		t.Errorf("left behind and killed: %s", stray)
	}
	switch info.Name {
	case "daemon-outlives":
		if _, err := os.Stat(filepath.Join(scratch, "daemon-was-here")); err != nil {
			t.Errorf("the daemon did not prove itself: %v", err)
		}
	case "core-dump":
		pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
		if strings.TrimSpace(string(pattern)) != "core" {
			t.Logf("cores go elsewhere here: %s", pattern)
		} else if cores, _ := filepath.Glob(filepath.Join(scratch, "core*")); len(cores) == 0 {
			t.Log("no core file: the hard limit is 0")
		}
	}
}

// TestUnreachable shows that another user can run what root has built.
func TestUnreachable(t *testing.T) {
	path := Program(t, "true")
	for dir := path; dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&1 == 0 {
			t.Errorf("%s is closed to other users", dir)
		}
	}
}

// TestBuildTwice lets many build the same program at the same time.
func TestBuildTwice(t *testing.T) {
	src := source{name: "twice", path: filepath.Join(t.TempDir(), "twice.c"), flags: []string{"-O1"}}
	if err := os.WriteFile(src.path, []byte("int main(void) { return 5; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip(err)
	}
	paths := make([]string, 8)
	var wg sync.WaitGroup
	for i := range paths {
		wg.Go(func() {
			var err error
			if paths[i], err = build(src); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(slices.Compact(paths)) != 1 {
		t.Errorf("built as %v", paths)
	}
	if err := exec.Command(paths[0]).Run(); err == nil || err.Error() != "exit status 5" {
		t.Errorf("ran with %v", err)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Error(err)
	}
}
