package tracer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLivePathFlip races 100,000 opens against a thread that swaps their path.
// Without warder the forbidden file is opened; under the runtime profile,
// where Landlock judges the file and not the name, never.
func TestLivePathFlip(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Landlock)
	runtime := profile(t, "runtime")
	allowed := "/usr/share/warder-flip-test"
	if err := os.WriteFile(allowed, []byte("fine\n"), 0o644); err != nil {
		testutil.Require(t, testutil.Root)
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(allowed) })
	program := testprog.Program(t, "pathflip")
	count := func(out string) (opened, refused, leaked int) {
		t.Helper()
		if _, err := fmt.Sscanf(out, "opened %d refused %d leaked %d", &opened, &refused, &leaked); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		return opened, refused, leaked
	}

	bare, _ := exec.Command(program, allowed, "/etc/passwd", "100000").Output()
	if _, _, leaked := count(string(bare)); leaked == 0 {
		t.Fatalf("bare: the race was never won: %s", bare)
	}
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Seccomp, tracer.Ptrace} {
		t.Run(engine.String(), func(t *testing.T) {
			var out bytes.Buffer
			r, err := tracer.Run(context.Background(), &tracer.Config{
				Path: program, Args: []string{filepath.Base(program), allowed, "/etc/passwd", "100000"},
				Stdout: &out, Policy: runtime, Engine: engine,
				Limits: tracer.Limits{CPU: tracer.Unlimited, Wall: tracer.Unlimited},
			})
			if err != nil {
				t.Fatal(err)
			}
			opened, refused, leaked := count(out.String())
			if leaked != 0 || opened == 0 || refused == 0 {
				t.Errorf("%s: opened %d, refused %d, leaked %d", fate(r), opened, refused, leaked)
			}
			t.Logf("opened %d, refused %d, leaked %d", opened, refused, leaked)
		})
	}
}
