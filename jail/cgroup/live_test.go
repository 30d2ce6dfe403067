package cgroup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/jail/cgroup"
)

// each runs a test in every way in which this machine can make groups that
// have what it needs.
func each(t *testing.T, needs []testutil.Need, test func(t *testing.T, w *cgroup.Way, g *cgroup.Group)) {
	t.Helper()
	for _, w := range cgroup.Ways() {
		t.Run(w.Name, func(t *testing.T) {
			for _, need := range needs {
				require(t, &w, need)
			}
			before := testutil.TakeSnapshot()
			g, err := w.New()
			if errors.Is(err, cgroup.ErrNotSupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			// What the test starts has ended, and was waited for, after this.
			t.Run("group", func(t *testing.T) { test(t, &w, g) })
			if err := g.Kill(); err != nil && !errors.Is(err, fs.ErrClosed) {
				t.Error(err)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			reap()
			testutil.NoStrays(t, before)
		})
	}
}

// require skips a test of what this way cannot do, unless it was promised.
func require(t *testing.T, w *cgroup.Way, need testutil.Need) {
	t.Helper()
	f := map[testutil.Need]cgroup.Feature{
		testutil.CgroupMemory: w.Support.Memory,
		testutil.CgroupPids:   w.Support.Processes,
		testutil.CgroupCPU:    w.Support.CPUs,
		testutil.Cgroup:       w.Support.Usage,
	}[need]
	if f.OK {
		return
	}
	if w.Name == "as probed" {
		testutil.Require(t, need)
		if testutil.Promised(need) {
			t.Fatalf("%s is promised here and there, but not found: %s", need, f.Reason)
		}
	}
	t.Skipf("needs %s: %s", need, f.Reason)
}

func none() cgroup.Limits {
	return cgroup.Limits{Memory: cgroup.NoLimit, Processes: cgroup.NoLimit, CPUs: cgroup.NoLimit}
}

func limit(t *testing.T, g *cgroup.Group, l cgroup.Limits) {
	t.Helper()
	if err := g.Limit(l); err != nil {
		t.Fatal(err)
	}
}

func stats(t *testing.T, g *cgroup.Group) cgroup.Stats {
	t.Helper()
	s, err := g.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLiveProbe(t *testing.T) {
	s := cgroup.Probe()
	t.Logf("version %d", s.Version)
	for name, f := range map[string]cgroup.Feature{
		"memory": s.Memory, "processes": s.Processes, "CPUs": s.CPUs, "usage": s.Usage, "kill": s.Kill,
	} {
		t.Logf("%s: %+v", name, f)
		if f.OK != (f.Reason == "") {
			t.Errorf("%s: %+v", name, f)
		}
		if f.OK && s.Version == 0 {
			t.Errorf("version 0 has %s", name)
		}
	}
	g, err := cgroup.New()
	if s.Version == 0 && !errors.Is(err, cgroup.ErrNotSupported) || s.Version != 0 && err != nil {
		t.Errorf("New with %+v: %v", s, err)
	}
	if err == nil {
		err = g.Close()
	}
	if s.Version != 0 && err != nil {
		t.Error(err)
	}
}

func TestLiveMemory(t *testing.T) {
	each(t, []testutil.Need{testutil.CgroupMemory}, func(t *testing.T, _ *cgroup.Way, g *cgroup.Group) {
		const most = 48 << 20
		l := none()
		l.Memory = most
		limit(t, g, l)
		a := stage(t, g, "eat 256", nil)
		if said := a.play(t); said != "" {
			t.Errorf("it said %q", said)
		}
		err := a.Wait()
		if a.ProcessState.Sys().(interface{ Signal() unix.Signal }).Signal() != unix.SIGKILL {
			t.Errorf("it ended with %v", err)
		}
		s := stats(t, g)
		t.Logf("%+v", s)
		if s.OOMKills != 1 {
			t.Errorf("%d processes killed for want of memory", s.OOMKills)
		}
		// Version 2 has no peak before Linux 5.19; one that is refused may count.
		if s.Peak > most+1<<20 || s.Peak >= 0 && s.Peak < most*3/4 {
			t.Errorf("peak %d of %d", s.Peak, most)
		}

		// Below the old limit and above it: the next session's are its own.
		for _, mib := range []int64{24, 96} {
			if err := g.Reset(); err != nil {
				t.Fatal(err)
			}
			l.Memory = mib << 20
			limit(t, g, l)
			a := stage(t, g, fmt.Sprint("eat ", mib/2), nil)
			if said := a.play(t); said != "ate" {
				t.Errorf("under %d MiB it said %q", mib, said)
			}
			s := stats(t, g)
			t.Logf("%+v", s)
			if s.OOMKills != 0 || s.Memory < mib<<20/2 {
				t.Errorf("under %d MiB: %+v", mib, s)
			}
			if s.Peak >= 0 && !s.PeakOfLifetime && (s.Peak < mib<<20/2 || s.Peak > mib<<20) {
				t.Errorf("under %d MiB: peak %d", mib, s.Peak)
			}
			a.leave(t)
		}
	})
}

func TestLiveProcesses(t *testing.T) {
	each(t, []testutil.Need{testutil.CgroupPids}, func(t *testing.T, _ *cgroup.Way, g *cgroup.Group) {
		l := none()
		for _, most := range []int64{30, 50, 20} {
			l.Processes = most
			limit(t, g, l)
			a := stage(t, g, "fork", nil)
			said := a.play(t)
			if !strings.HasSuffix(said, "then EAGAIN") {
				t.Fatalf("it said %q", said)
			}
			if s := stats(t, g); s.Tasks != most {
				t.Errorf("%d tasks of %d", s.Tasks, most)
			}
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			a.end()
			reap()
			if s := stats(t, g); s.Tasks != 0 {
				t.Errorf("%d tasks are left", s.Tasks)
			}
		}
	})
}

func TestLiveUsage(t *testing.T) {
	each(t, []testutil.Need{testutil.Cgroup}, func(t *testing.T, _ *cgroup.Way, g *cgroup.Group) {
		for _, millis := range []int64{150, 50} {
			if err := g.Reset(); err != nil {
				t.Fatal(err)
			}
			a := stage(t, g, fmt.Sprint("spin ", millis), nil)
			a.play(t)
			a.leave(t)
			s := stats(t, g)
			t.Logf("%+v", s)
			// What the actor does before it is added, and what it needs to end.
			used := a.ProcessState.UserTime() + a.ProcessState.SystemTime()
			if least := time.Duration(millis) * time.Millisecond / 2; s.CPU < least || s.CPU > used+100*time.Millisecond {
				t.Errorf("CPU time %v, and its parent was told of %v", s.CPU, used)
			}
			if s.User < 0 || s.System < 0 {
				t.Errorf("%+v", s)
			}
		}
		if err := g.Reset(); err != nil {
			t.Fatal(err)
		}
		if s := stats(t, g); s.CPU > 10*time.Millisecond {
			t.Errorf("after a reset %v of CPU time", s.CPU)
		}
	})
}

func TestLiveCPUs(t *testing.T) {
	each(t, []testutil.Need{testutil.CgroupCPU}, func(t *testing.T, _ *cgroup.Way, g *cgroup.Group) {
		l := none()
		l.CPUs = 0.1
		limit(t, g, l)
		a := stage(t, g, "spin 60", nil)
		wall, err := strconv.Atoi(a.play(t))
		// 60 ms at 10 ms in each 100; the first share may come at once, and some
		// of it was used before.
		if err != nil || wall < 200 {
			t.Errorf("60 ms of CPU time at a tenth of a processor took %d ms (%v)", wall, err)
		}
		a.leave(t)
	})
}

func TestLiveKill(t *testing.T) {
	each(t, []testutil.Need{testutil.CgroupPids, testutil.CgroupCPU}, func(t *testing.T, w *cgroup.Way, g *cgroup.Group) {
		const most = 150
		for range 3 {
			limit(t, g, cgroup.Limits{Memory: cgroup.NoLimit, Processes: most, CPUs: 0.5})
			a := stage(t, g, "bomb", nil)
			a.cue(t)
			for deadline := time.Now().Add(20 * time.Second); stats(t, g).Tasks < most*2/3; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the bomb came to %d tasks", stats(t, g).Tasks)
				}
			}
			start := time.Now()
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			t.Logf("killed in %v", time.Since(start))
			if g.FD() >= 0 && w.Support.Kill.OK {
				t.Error("FD after cgroup.kill: the next child born there would die")
			}
			if left, err := g.Members(); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			a.end()
			reap()
		}
		// The group is as good as before: what Kill did to stop forks is undone.
		a := stage(t, g, "fork", nil)
		if said := a.play(t); strings.HasPrefix(said, "0 ") || !strings.HasSuffix(said, "then EAGAIN") {
			t.Errorf("after Kill: %q", said)
		}
	})
}

func TestLiveKillOneByOne(t *testing.T) {
	each(t, []testutil.Need{testutil.CgroupPids}, func(t *testing.T, w *cgroup.Way, g *cgroup.Group) {
		l := none()
		l.Processes = 400 // more than Kill pins at once
		limit(t, g, l)
		a := stage(t, g, "fork", nil)
		if said := a.play(t); !strings.HasSuffix(said, "then EAGAIN") {
			t.Fatalf("it said %q", said)
		}
		g.OneByOne()
		if err := g.Kill(); err != nil {
			t.Fatal(err)
		}
		if left, err := g.Members(); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

func TestLiveClose(t *testing.T) {
	each(t, nil, func(t *testing.T, _ *cgroup.Way, g *cgroup.Group) {
		a := stage(t, g, "idle", nil)
		a.play(t)
		dirs := g.Directories()
		err := g.Close()
		if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), strconv.Itoa(a.Process.Pid)) {
			t.Errorf("closing a group that holds a process: %v", err)
		}
		// A time that is over before it began: nothing is done.
		g.OneByOne()
		if err := cgroup.KillWithin(g, 0); !errors.Is(err, unix.EBUSY) {
			t.Errorf("kill in no time: %v", err)
		}
		if err := errors.Join(g.Kill(), g.Close(), g.Close()); err != nil {
			t.Error(err)
		}
		for _, dir := range dirs {
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", dir, err)
			}
		}
		_, err = g.Stats()
		for op, err := range map[string]error{
			"add": g.Add(a.Process.Pid), "limit": g.Limit(none()), "reset": g.Reset(), "stats": err, "kill": g.Kill(),
		} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s after Close: %v", op, err)
			}
		}
		if g.FD() != -1 {
			t.Errorf("descriptor %d after Close", g.FD())
		}
	})
}

func TestLiveRefusals(t *testing.T) {
	each(t, nil, func(t *testing.T, w *cgroup.Way, g *cgroup.Group) {
		for _, l := range []cgroup.Limits{
			{},
			{Memory: 100, Processes: -1, CPUs: -1},
			{Memory: -1, Processes: 0, CPUs: -1},
			{Memory: -1, Processes: -1, CPUs: 0},
			{Memory: -1, Processes: -1, CPUs: 0.001},
			{Memory: -1, Processes: -1, CPUs: math.NaN()},
			{Memory: -1, Processes: -1, CPUs: math.Inf(1)},
		} {
			if err := g.Limit(l); !errors.Is(err, unix.EINVAL) {
				t.Errorf("%+v: %v", l, err)
			}
		}
		limit(t, g, none())
		l := none()
		l.Memory = 1 << 30
		if err := g.Limit(l); w.Support.Memory.OK && err != nil || !w.Support.Memory.OK && !errors.Is(err, cgroup.ErrNotSupported) {
			t.Errorf("with memory %+v: %v", w.Support.Memory, err)
		}
		if s := stats(t, g); w.Support.Memory.OK != (s.Memory >= 0) || w.Support.Processes.OK != (s.Tasks >= 0) ||
			w.Support.Usage.OK != (s.CPU >= 0) || w.Support.Memory.OK != (s.OOMKills >= 0) {
			t.Errorf("%+v with %+v", s, w.Support)
		}
		for _, pid := range []int{0, -1} {
			if err := g.Add(pid); !errors.Is(err, unix.EINVAL) {
				t.Errorf("add %d: %v", pid, err)
			}
		}
		a := stage(t, nil, "idle", nil)
		a.end()
		if err := g.Add(a.Process.Pid); !errors.Is(err, unix.ESRCH) {
			t.Errorf("add a dead process: %v", err)
		}
	})
}

// TestLiveTogether uses groups from many goroutines, with sweeps between.
func TestLiveTogether(t *testing.T) {
	if s := cgroup.Probe(); s.Version == 0 {
		t.Skip(s.Memory.Reason)
	}
	before := testutil.TakeSnapshot()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 15 {
				g, err := cgroup.New()
				if err != nil {
					t.Error(err)
					return
				}
				var each sync.WaitGroup
				each.Go(func() { _, _ = g.Stats() })
				each.Go(func() { _ = g.Reset() })
				each.Go(func() { _ = g.Kill() })
				each.Go(func() { _ = g.FD() })
				each.Go(func() {
					if err := g.Close(); err != nil {
						t.Error(err)
					}
				})
				each.Wait()
			}
		})
	}
	all.Go(func() {
		for range 30 {
			if _, err := cgroup.Sweep(); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	testutil.NoStrays(t, before)
}
