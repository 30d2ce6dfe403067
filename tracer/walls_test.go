package tracer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveMissingWalls: a wall that could stand and does not is listed with a
// reason, one that the session has no use for is not; where either is required
// nothing runs, and the reason is said.
func TestLiveMissingWalls(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root, testutil.Landlock)
	const (
		opens = "the policy lets the program open or execute files"
		which = opens + ", and does not say which"
	)
	static := testprog.Program(t, "empty")
	without := func(walls ...tracer.Wall) tracer.Config {
		return tracer.Config{Policy: profile(t, "runtime"), Without: walls}
	}
	for _, c := range []struct {
		name     string
		cfg      tracer.Config
		wall     tracer.Wall
		listed   string // the reason, "" if it is not
		required string // the reason where it is required, "" if it stands
	}{
		{"files granted", tracer.Config{Policy: profile(t, "runtime")}, tracer.WallMountNS, "", ""},
		{"nothing to open", tracer.Config{}, tracer.WallMountNS, "", "the policy grants the program no file to open"},
		{
			"empty root",
			tracer.Config{Policy: profile(t, "runtime"), Root: tracer.EmptyRoot},
			tracer.WallMountNS, "", "only for a root of what the policy grants, and another is asked for",
		},
		{"no root", without(tracer.WallRoot), tracer.WallMountNS, "not without the root wall", "not without the root wall"},
		{"neither", without(tracer.WallRoot, tracer.WallMountNS), tracer.WallMountNS, "", "and to be done without"},
		{"no mount namespace", without(tracer.WallMountNS), tracer.WallMountNS, "", "and to be done without"},
		{"no mount namespace, root", without(tracer.WallMountNS), tracer.WallRoot, opens, opens},
		{"every path", tracer.Config{Policy: parsed(t, allowAll)}, tracer.WallMountNS, which, which},
		{"every path, root", tracer.Config{Policy: parsed(t, allowAll)}, tracer.WallRoot, which, which},
		{"user namespace", tracer.Config{}, tracer.WallUserNS, "", "not needed: the other namespaces are to be had without"},
		{"no filter", tracer.Config{Engine: tracer.Ptrace}, tracer.WallSeccomp, "", "the ptrace engine has no filter"},
		{
			"no tracer",
			tracer.Config{Engine: tracer.Seccomp, Policy: profile(t, "runtime")},
			tracer.WallTracer, "", "the seccomp engine has no tracer",
		},
		{
			"nothing opened",
			tracer.Config{Engine: tracer.Strict, Policy: profile(t, "strict")},
			tracer.WallLandlock, "", "under the strict engine nothing can be opened",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Path = static
			r, _ := hold(t, c.cfg)
			if stands := slices.Contains(r.Walls, c.wall); stands != (c.required == "") {
				t.Errorf("%s stands: %t, walls %v", c.wall, stands, r.Walls)
			}
			var listed []string
			for _, u := range r.Unavailable {
				if why, ok := strings.CutPrefix(u, string(c.wall)+": "); ok {
					listed = append(listed, why)
				}
			}
			if got := strings.Join(listed, "; "); got != c.listed {
				t.Errorf("listed as unavailable: %q, want %q", got, c.listed)
			}
			c.cfg.Require = []tracer.Wall{c.wall}
			_, _, err := tryHold(t, c.cfg)
			var missing *tracer.RequireError
			switch want := string(c.wall) + " (" + c.required + ")"; {
			case c.required == "" && err != nil, c.required != "" && !errors.As(err, &missing):
				t.Errorf("required: %v", err)
			case missing != nil && !slices.Equal(missing.Missing, []string{want}):
				t.Errorf("required: %v, want %s", missing.Missing, want)
			}
		})
	}
}
