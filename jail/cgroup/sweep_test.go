package cgroup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/jail/cgroup"
)

// directories are those of a group by its name.
func directories(name string) []string {
	var found []string
	for _, home := range cgroup.Homes() {
		dir := filepath.Join(home, name)
		if _, err := os.Stat(dir); err == nil {
			found = append(found, dir)
		}
	}
	return found
}

func TestLiveSweep(t *testing.T) {
	if s := cgroup.Probe(); s.Version == 0 {
		t.Skip(s.Memory.Reason)
	}
	for _, c := range []struct {
		name, arg string
		attr      *syscall.SysProcAttr
		needs     []testutil.Need
	}{
		{name: "owner"},
		{
			name: "owner in a pid namespace", arg: " namespace", needs: []testutil.Need{testutil.Root},
			attr: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			testutil.Require(t, c.needs...)
			before := testutil.TakeSnapshot()
			if _, err := cgroup.Sweep(); err != nil { // what others left
				t.Fatal(err)
			}
			owner := stage(t, nil, "owner"+c.arg, c.attr)
			name := owner.play(t)
			dirs := directories(name)
			if len(dirs) != len(cgroup.Homes()) {
				t.Fatalf("it says %q, which is at %q", name, dirs)
			}
			if _, err := cgroup.Sweep(); err != nil {
				t.Fatal(err)
			}
			procs, err := os.ReadFile(dirs[0] + "/cgroup.procs")
			if len(directories(name)) != len(dirs) || err != nil || len(procs) == 0 {
				t.Fatalf("the group of a living owner was swept: %q, %v", procs, err)
			}

			owner.end()
			n, err := cgroup.Sweep()
			if n < 1 || err != nil {
				t.Errorf("swept %d, %v", n, err)
			}
			if left := directories(name); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			reap() // the process that was inside
			testutil.NoStrays(t, before)
		})
	}
}

// TestLiveSweepFromAway sweeps from another pid namespace.
func TestLiveSweepFromAway(t *testing.T) {
	testutil.Require(t, testutil.Root)
	g, err := cgroup.New()
	if errors.Is(err, cgroup.ErrNotSupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := stage(t, g, "idle", nil)
	sweeper := stage(t, nil, "sweep namespace", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS})
	if said := sweeper.play(t); !strings.HasSuffix(said, "<nil>") {
		t.Errorf("it said %q", said)
	}
	for _, dir := range g.Directories() {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if said := a.play(t); said != "idle" {
		t.Errorf("it said %q", said)
	}
	if err := errors.Join(g.Kill(), g.Close()); err != nil {
		t.Error(err)
	}
}

// TestLiveSweepPart sweeps what an owner left that was killed while it made
// its group: some of the directories, or none that was locked.
func TestLiveSweepPart(t *testing.T) {
	homes := cgroup.Homes()
	if len(homes) == 0 {
		t.Skip(cgroup.Probe().Memory.Reason)
	}
	home := homes[len(homes)-1]
	if err := os.Mkdir(home, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if err := os.Mkdir(home+"/1-part", 0o700); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(home, "/sys/fs/cgroup/") && !cgroup.Stale() {
		t.Error("nothing stale is seen")
	}
	if n, err := cgroup.Sweep(); n < 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if left := directories("1-part"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestLiveStale: a directory of this package without a group in it is seen as
// well, and a group with an owner is not stale.
func TestLiveStale(t *testing.T) {
	homes := cgroup.Homes()
	if len(homes) == 0 {
		t.Skip(cgroup.Probe().Memory.Reason)
	}
	if _, err := cgroup.Sweep(); err != nil { // what others left
		t.Fatal(err)
	}
	if cgroup.Stale() {
		t.Fatal("stale after a sweep")
	}
	g, err := cgroup.New()
	if err != nil {
		t.Fatal(err)
	}
	if cgroup.Stale() {
		t.Error("a group with an owner is stale")
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	for _, home := range homes {
		if !strings.HasPrefix(home, "/sys/fs/cgroup/") {
			continue // not where it looks
		}
		if err := os.Mkdir(home, 0o700); err != nil {
			t.Fatal(err)
		}
		if !cgroup.Stale() {
			t.Errorf("%s, which holds no group, is not seen", home)
		}
		if _, err := cgroup.Sweep(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(home); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after a sweep: %v", home, err)
		}
	}
}
