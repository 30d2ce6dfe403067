package tracer_test

import (
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLivePIDNamespace runs programs that make processes, leave them behind and
// signal themselves in a pid namespace: they end as they do without.
func TestLivePIDNamespace(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	forks, runtime := parsed(t, anyCall), onTopOf(t, "runtime", "")
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		for _, c := range []struct {
			program string
			args    []string
			cfg     tracer.Config
		}{
			{"hello", nil, tracer.Config{Policy: runtime}},
			{"raise", args("15"), tracer.Config{Policy: runtime}}, // tgkill of its own id, which the policy compares
			{"forkstorm", args("50"), tracer.Config{Policy: forks}},
			{"orphan", args("60"), tracer.Config{Policy: forks}},
			{"zombieleader", nil, tracer.Config{Policy: runtime}},
		} {
			c.cfg.Path, c.cfg.Args, c.cfg.Engine, c.cfg.Limits = testprog.Program(t, c.program), c.args, engine, unhurried
			want, out := hold(t, c.cfg)
			c.cfg.Require = []tracer.Wall{tracer.WallPIDNS}
			for range 5 {
				r, got := hold(t, c.cfg)
				if c.program == "orphan" { // it prints an id
					if strings.TrimSpace(got) != "5" && strings.TrimSpace(got) != "4" {
						t.Errorf("%s: %s printed %q", engine, c.program, got)
					}
					got = out
				}
				if fate(r) != fate(want) || got != out {
					t.Errorf("%s: %s: %s %q, without the namespace %s %q", engine, c.program, fate(r), got, fate(want), out)
				}
			}
		}
	}
}
