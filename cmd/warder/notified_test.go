package main

import (
	"slices"
	"testing"

	"warder/internal/testprog"
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
