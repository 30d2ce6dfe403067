package bench

import (
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
)

// lacking tells a kernel that has not what a row needs, which is for the row
// to say, from a row that is broken.
func lacking(err error) bool {
	for _, e := range []unix.Errno{unix.EINVAL, unix.ENOSYS, unix.ENOTTY, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// TestLiveRows: every row runs, says what it is, and has a base and a floor
// that are there.
func TestLiveRows(t *testing.T) {
	cores := live(t)
	t.Cleanup(Close)
	rows := slices.Concat(Mechanisms(cores), Engines(), Tools(cores))
	names := make(map[string]bool)
	for _, row := range rows {
		if names[row.Name] {
			t.Errorf("%s is there twice", row.Name)
		}
		names[row.Name] = true
	}
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			if row.Text == "" || len(row.Text) > 110 || strings.Contains(row.Text, "\n") || row.Group == "" {
				t.Errorf("group %q, text %q (%d bytes)", row.Group, row.Text, len(row.Text))
			}
			if !names[row.Base] || row.Floor != "" && !names[row.Floor] {
				t.Errorf("base %q or floor %q is no row", row.Base, row.Floor)
			}
			const calls = 25
			got, err := row.Measure(t.Context(), calls)
			switch {
			case row.Group == GroupOthers && err != nil:
				if _, missing := exec.LookPath("strace"); missing == nil {
					t.Error(err)
				}
				return
			case strings.HasSuffix(row.Name, apart) && cores.Other < 0:
				if err == nil {
					t.Error("measured on a core that is not there")
				}
				return
			case err != nil && lacking(err):
				t.Skipf("this kernel lacks it: %v", err)
			case err != nil:
				t.Fatal(err)
			}
			if !(got.PerCall > 1) || got.PerCall > float64(time.Minute) {
				t.Errorf("a call took %v ns", got.PerCall)
			}
		})
	}
}

// TestLiveRun is a whole run with tiny counts, floor included.
func TestLiveRun(t *testing.T) {
	cores := live(t)
	t.Cleanup(Close)
	rows := slices.Concat(Mechanisms(cores), Engines())
	rows, err := Floor(t.Context(), floorProgram(t), cores, rows)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), rows, Options{Calls: 20, Rounds: 2, Cores: cores})
	if err != nil {
		t.Fatal(err)
	}
	if r.Partial || r.Rounds != 2 || len(r.Figures) != len(rows) {
		t.Fatalf("partial %v, %d rounds, %d figures of %d rows", r.Partial, r.Rounds, len(r.Figures), len(rows))
	}
	floors := 0
	for _, f := range r.Figures {
		if f.Stat == nil {
			t.Logf("%s: %s", f.Name, f.Missing)
			continue
		}
		for _, s := range []*Stat{f.Stat, f.Ratio, f.Over} {
			if s != nil && (s.Median <= 0 || math.IsInf(s.Median, 0) || math.IsNaN(s.Median) || s.Low > s.Median || s.High < s.Median) {
				t.Errorf("%s: %+v", f.Name, *s)
			}
		}
		if f.Ratio == nil {
			t.Errorf("%s has no ratio", f.Name)
		}
		if f.Over != nil {
			floors++
		}
	}
	if floors < 30 {
		t.Errorf("only %d figures have a floor", floors)
	}
	if m := &r.Machine; m.Kernel == "" || m.Cores < 1 || m.Arch == "" || m.Go == "" || m.Clock == "" {
		t.Errorf("machine %+v", m)
	}
}

// floorProgram is the executable of testdata/floor.c.
func floorProgram(t testing.TB) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "floor")
	said, err := exec.CommandContext(t.Context(), "gcc", "-O2", "-static", "-Wall", "-Wextra",
		"-Wno-missing-field-initializers", "-Werror", "-o", out, filepath.Join("testdata", "floor.c")).CombinedOutput()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) && !testutil.CI() {
			t.Skip(err)
		}
		t.Fatalf("%v\n%s", err, said)
	}
	return out
}

// TestLiveFloor: the floor has a loop for each kind of mechanism, and only for
// mechanisms.
func TestLiveFloor(t *testing.T) {
	cores := live(t)
	path := floorProgram(t)
	out, err := exec.CommandContext(t.Context(), path, "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(out))
	names := make(map[string]bool)
	for _, row := range Mechanisms(cores) {
		names[row.Name] = true
	}
	for _, name := range list {
		if !names[name] {
			t.Errorf("floor has %s, which is no row", name)
		}
		delete(names, name)
	}
	for name := range names {
		if !strings.Contains(name, "0-") { // filter-10-chain and its like
			t.Errorf("floor has no %s", name)
		}
	}
	if out, err := exec.CommandContext(t.Context(), path, "nonsense", "1", "0", "0").CombinedOutput(); err == nil {
		t.Errorf("a name that is none: %s", out)
	}
}
