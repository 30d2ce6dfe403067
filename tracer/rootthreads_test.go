package tracer_test

import (
	"slices"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveRootThreads moves the root of a program that has threads before its
// entry point, in every state that a thread can be in: it works as ever.
func TestLiveRootThreads(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	library := testprog.Program(t, "ctorthreads")
	for _, engine := range hookEngines {
		policy := onTopOf(t, "compute", "read: ["+library+"]\nsyscalls:\n  - {call: getppid, action: trace}\n")
		seen := 0
		for range 20 {
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, "hello"), Engine: engine, Policy: policy, Env: []string{"LD_PRELOAD=" + library},
				Hooks: tracer.Hooks{Call: func(*tracer.Tracee, *tracer.CallStop) { seen++ }},
			})
			if r.Outcome != tracer.OK || out != "hello, world\n" || !slices.Contains(r.Walls, tracer.WallRoot) {
				t.Fatalf("%s: %v %s, %q, walls %v\n%v", engine, r.Outcome, r.Message, out, r.Walls, r.Violation)
			}
		}
		if seen == 0 {
			t.Errorf("%s: no thread of the library ever ran", engine)
		}
	}
}
