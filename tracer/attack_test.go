package tracer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// attackLimits let each attack on a budget meet its limit soon, and leave the
// rest room on a busy machine: sixteen threads under the ptrace engine, beside
// as many other attacks as there are cores, have taken six seconds of wall time.
func attackLimits(a testprog.AttackInfo, engine tracer.Engine) tracer.Limits {
	l := tracer.Limits{CPU: 4 * time.Second, Wall: 20 * time.Second, Memory: 256 << 20, Output: 64 << 10}
	switch a.Class {
	case "cpu":
		l.CPU = 300 * time.Millisecond
	case "memory":
		l.Memory = 64 << 20
	case "time", "signals", "tree":
		// The heads do not say how long one goes on under the seccomp engine.
		if engine == tracer.Seccomp || slices.Contains(a.Expected("compute", engine.String()), "wall-time-limit") {
			l.Wall = 1500 * time.Millisecond
		}
	}
	return l
}

// fate puts a result as the heads of the attacks put it.
func fate(r *tracer.Result) string {
	switch r.Outcome {
	case tracer.OK, tracer.Exited:
		return fmt.Sprintf("exited %d", r.ExitCode)
	case tracer.Signaled:
		return "signaled " + unix.SignalName(unix.Signal(r.Signal))
	case tracer.PolicyViolation:
		return strings.TrimSpace("policy-violation " + r.Violation.Call.Name)
	default:
		return r.Outcome.String()
	}
}

// expected reports whether a fate is among the alternatives. A violation's
// name need not be said.
func expected(got string, want []string) bool {
	return slices.ContainsFunc(want, func(w string) bool {
		return w == got || w == "ok" && got == "exited 0" || w == "policy-violation" && strings.HasPrefix(got, w)
	})
}

// TestLiveAttacks holds every attack of the corpus under the compute profile.
// internal/testprog sees each of them succeed without warder.
func TestLiveAttacks(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	testprog.CompileAll(t)
	compute := profile(t, "compute")
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		t.Run(engine.String(), func(t *testing.T) {
			for _, a := range testprog.Attacks(t) {
				t.Run(a.Name, func(t *testing.T) {
					t.Parallel()
					want := a.Expected("compute", engine.String())
					r, out := holdAttack(t, a, engine, compute)
					if got := fate(r); !expected(got, want) {
						t.Errorf("%s: got %s, want %s\n%s\n%s", a.Claim, got, strings.Join(want, " | "), r.Message, out)
					}
				})
			}
		})
	}
}

// TestLiveAttacksFilterOnly holds the corpus under the seccomp engine, with
// the runtime profile: the engine cannot name calls, so what counts is that
// nothing escapes. What the profile permits by intent is listed with why.
func TestLiveAttacksFilterOnly(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	testprog.CompileAll(t)
	runtime := profile(t, "runtime")
	// What the profile permits by intent, and the root of granted files alone
	// holds where a mount namespace is to be had.
	permitted := map[string]string{
		"stat-shadow": "stat tells the truth", "stat-at": "stat tells the truth", "stat-flip": "stat tells the truth",
		"access-shadow": "stat tells the truth", "access-errno": "stat tells the truth",
		"readlink-exe": "links may be read", "getcwd": "the working directory may be asked",
	}
	always := map[string]string{
		"stat-statfs": "stat tells the truth", "open-path": "a descriptor without access",
	}
	for _, a := range testprog.Attacks(t) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			r, out := holdAttack(t, a, tracer.Seccomp, runtime)
			escaped := r.Outcome == tracer.Exited && r.ExitCode == 1 && slices.Contains(a.Bare, "1")
			ok := always[a.Name] != "" || permitted[a.Name] != "" && !slices.Contains(r.Walls, tracer.WallMountNS)
			if escaped != ok {
				t.Errorf("%s: %s; permitted: %t\n%s", a.Claim, fate(r), ok, out)
			}
		})
	}
}

func holdAttack(t *testing.T, a testprog.AttackInfo, engine tracer.Engine, policy *rules.Policy) (*tracer.Result, string) {
	t.Helper()
	r, out := hold(t, tracer.Config{
		Path: testprog.Attack(t, a.Name), Args: []string{a.Name, testprog.Scratch(t)},
		Policy: policy, Engine: engine, Limits: attackLimits(a, engine),
	})
	return r, out[:min(len(out), 300)]
}
