package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveListener: where warder is itself under a filter with a listener, as
// in some containers, the kernel gives it no second one, and a program of Go's
// is traced.
func TestLiveListener(t *testing.T) {
	needs(t)
	hello := testprog.Program(t, "hellogo")
	run := []string{"run", "-q", "--report", "-", "--", hello}
	for _, under := range []bool{false, true} {
		cmd := command(t, run...)
		if under {
			launcher := testprog.Program(t, "withlistener")
			cmd.Args = append([]string{launcher, cmd.Path}, run...)
			cmd.Path = launcher
		}
		o := finish(t, cmd)
		if o.status != 0 {
			t.Fatalf("under a listener: %v, exit status %d\n%s", under, o.status, o.stderr)
		}
		r := readReport(t, []byte(o.stderr))
		if traced := slices.Contains(r.Walls, string(tracer.WallTracer)); traced != under || r.Status != "ok" {
			t.Errorf("under a listener: %v, traced: %v, %s", under, traced, r.Status)
		}
	}
}

// TestLiveNotifiedWays: a program that asks by notifications is answered as
// the kernel would answer it, in each way in which warder can be run.
func TestLiveNotifiedWays(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	content, err := os.ReadFile(testprog.Program(t, "fstats"))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(setBaits(t).dir, "fstats")
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, w := range ways() {
		t.Run(w.Name, func(t *testing.T) {
			cmd := inWay(t, &w, "run", "-q", "--report", "-", "--", program)
			var said, out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			err := cmd.Run()
			_, report, _ := bytes.Cut(said.Bytes(), []byte("{")) // a test binary says more
			r := readReport(t, append([]byte("{"), report...))
			if err != nil || out.String() != "10\n" || slices.Contains(r.Walls, string(tracer.WallTracer)) {
				t.Errorf("%v, printed %q, walls %v, %s %s", err, out.String(), r.Walls, r.Status, r.Message)
			}
		})
	}
}
