package tracer_test

import (
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveOwnFilter lets programs load filters of their own. They can answer
// what the policy lets run, and nothing else; one that keeps the supervisor
// from its own is a violation.
func TestLiveOwnFilter(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	// A stage makes the supervisor load a filter at the entry point.
	policy := onTopOf(t, "compute", `syscalls:
  - {call: seccomp, stage: loader, action: allow}
  - {call: seccomp, stage: main, when: {op: SECCOMP_SET_MODE_FILTER}, action: allow}
  - {call: ioctl, when: {cmd: {in: [0xc0502100, 0xc0182101]}}, action: allow}
  - {call: getppid, action: allow}
`)
	for mode, want := range map[string]string{
		"":            "7\n",
		"errno":       "-18\n",
		"trace":       "7\n",
		"trap":        "5\n",
		"notif":       "6\n",
		"nested":      "-18\n",
		"early-other": "-18\n",

		"allow":        "violation socket",
		"early-errno":  "violation stage: the main stage cannot begin: seccomp: invalid cross-device link",
		"early-trace":  "violation stage: the main stage cannot begin: a seccomp filter of the program's own stopped the call",
		"early-thread": "violation stage: the main stage cannot begin: thread",
	} {
		for _, engine := range hookEngines {
			if engine == tracer.Ptrace && strings.HasPrefix(mode, "early-") && mode != "early-other" {
				continue // it loads no filter
			}
			t.Run(mode+"/"+engine.String(), func(t *testing.T) {
				for range 3 {
					r, out := hold(t, tracer.Config{
						Path: testprog.Program(t, "ownfilter"), Args: args(mode), Engine: engine, Policy: policy, Limits: unhurried,
					})
					if v, ok := strings.CutPrefix(want, "violation "); ok {
						if r.Outcome != tracer.PolicyViolation || !strings.Contains(r.Violation.Call.String()+r.Violation.Rule, v) {
							t.Fatalf("%v %s %+v, %q", r.Outcome, r.Message, r.Violation, out)
						}
						continue
					}
					if r.Outcome != tracer.OK || out != want {
						t.Fatalf("%v %s %+v, %q, want %q", r.Outcome, r.Message, r.Violation, out, want)
					}
				}
			})
		}
	}
}
