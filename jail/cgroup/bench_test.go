package cgroup_test

import (
	"testing"

	"warder/jail/cgroup"
)

func group(b *testing.B) *cgroup.Group {
	b.Helper()
	if s := cgroup.Probe(); s.Version == 0 {
		b.Skip(s.Memory.Reason)
	}
	g, err := cgroup.New()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := g.Close(); err != nil {
			b.Error(err)
		}
	})
	return g
}

// everything is limits as far as they can be had.
func everything() cgroup.Limits {
	s, l := cgroup.Probe(), none()
	if s.Memory.OK {
		l.Memory = 256 << 20
	}
	if s.Processes.OK {
		l.Processes = 64
	}
	if s.CPUs.OK {
		l.CPUs = 2
	}
	return l
}

func run(b *testing.B, op func() error) {
	b.Helper()
	for b.Loop() {
		if err := op(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewClose(b *testing.B) {
	group(b) // so that the directory above stays
	run(b, func() error {
		g, err := cgroup.New()
		if err != nil {
			return err
		}
		return g.Close()
	})
}

func BenchmarkLimit(b *testing.B) {
	g, l := group(b), everything()
	run(b, func() error { return g.Limit(l) })
}

func BenchmarkStats(b *testing.B) {
	g := group(b)
	run(b, func() error { _, err := g.Stats(); return err })
}

func BenchmarkReset(b *testing.B) { run(b, group(b).Reset) }

// BenchmarkStale is what a session without a group pays for those of others.
func BenchmarkStale(b *testing.B) {
	for b.Loop() {
		cgroup.Stale()
	}
}

// BenchmarkKill is of a group in which nobody is left.
func BenchmarkKill(b *testing.B) { run(b, group(b).Kill) }

// BenchmarkAdd moves a process from one group to another, in a row: the
// kernel's long first wait is not in it.
func BenchmarkAdd(b *testing.B) {
	to := [2]*cgroup.Group{group(b), group(b)}
	a := stage(b, nil, "idle", nil)
	for i := 0; b.Loop(); i++ {
		if err := to[i%2].Add(a.Process.Pid); err != nil {
			b.Fatal(err)
		}
	}
	a.end()
}
