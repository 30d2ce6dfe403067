package tracer_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"warder/internal/procfs"
	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// stubs are the processes of this one that held children are cloned from.
func stubs() map[int]bool {
	found := map[int]bool{}
	for _, pid := range testutil.Descendants() {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		g, gerr := procfs.ReadGuard(pid)
		if err == nil && gerr == nil && strings.TrimSpace(string(name)) == "warder-stub" && g.PPID == os.Getpid() {
			found[pid] = true
		}
	}
	return found
}

// TestLivePool: sessions that take turns between policies find their stubs
// again, and many policies do not leave as many stubs behind.
func TestLivePool(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	tracer.CloseIdle()
	empty := testprog.Program(t, "empty")
	run := func(p *rules.Policy) {
		t.Helper()
		if r, _ := hold(t, tracer.Config{Path: empty, Policy: p}); r.Outcome != tracer.OK {
			t.Errorf("%s: %s %s", p.Name, fate(r), r.Message)
		}
	}
	a, b := profile(t, "compute"), profile(t, "runtime")
	// Stubs end after a quarter of a second without a session, which a busy
	// machine may let pass between two of them.
	kept := false
	for range 20 {
		run(a)
		run(b)
		before := stubs()
		run(a)
		run(b)
		if kept = len(before) == 2 && maps.Equal(before, stubs()); kept {
			break
		}
	}
	if !kept {
		t.Error("sessions of two policies in turns never found their stubs again")
	}
	most := 0
	for i := range 50 {
		run(parsed(t, fmt.Sprintf("name: p%d\nbase: compute\n", i)))
		most = max(most, len(stubs()))
	}
	const bound = 33 // those that wait, and the one that has just had a session
	if most > bound {
		t.Errorf("%d stubs at a time, want %d at most", most, bound)
	}
}
