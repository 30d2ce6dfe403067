package cgroup

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// NoLimit in a field of Limits lifts that limit. So does any negative value.
const NoLimit = -1

// Limits bound all processes of a group together. A field of 0 is an error:
// nothing could run, and a forgotten field shall neither bound nor free.
type Limits struct {
	// Memory in bytes, from a page up, rounded down to pages: anonymous
	// memory, page cache, tmpfs, and what the kernel holds for the processes
	// (cgroup-v1/memory.rst, 2.2 and 2.7; cgroup-v2.rst, Memory). Swap is no way
	// out of it: version 1 counts the two together (2.4), version 2 gets none.
	// Where no page can be had back, the kernel kills a process of the group.
	Memory int64

	// Processes is the number of tasks (processes and threads, and zombies
	// that nobody has waited for), up to 4194304. At the limit, fork fails with
	// EAGAIN (cgroup-v1/pids.rst).
	Processes int64

	// CPUs is how many processors' time may be used: 0.5 is 50 ms in each
	// 100 ms, after which all threads wait for the next (scheduler/sched-bwc.rst).
	// At least 0.01.
	CPUs float64
}

// The time that CPUs is a part of, which is also the kernel's default.
const (
	periodMicros = 100_000
	leastMicros  = 1_000 // the kernel's own least quota
	mostCPUs     = 1 << 20
)

func (l *Limits) check() error {
	switch {
	case l.Memory >= 0 && l.Memory < int64(os.Getpagesize()):
		return fmt.Errorf("memory of %d bytes is less than a page: %w", l.Memory, unix.EINVAL)
	case l.Processes == 0:
		return fmt.Errorf("0 processes: %w", unix.EINVAL)
	case math.IsNaN(l.CPUs) || l.CPUs >= 0 && l.CPUs*periodMicros < leastMicros || l.CPUs > mostCPUs:
		return fmt.Errorf("%v processors: %w", l.CPUs, unix.EINVAL)
	}
	return nil
}

// Limit sets all three limits, and may be called for each session anew. With
// less memory than is in use, version 2 kills and version 1 answers EBUSY,
// both after giving back what can be.
//
// A limit that this process cannot have is ErrNotSupported, before any is
// changed. After another error, which wraps the kernel's, the limits before
// the failing one (in the order of the fields) are set.
func (g *Group) Limit(l Limits) error {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 0 {
		return g.closed("limit")
	}
	if err := l.check(); err != nil {
		return fmt.Errorf("cgroup: limit: %w", err)
	}
	g.setting.Lock()
	defer g.setting.Unlock()
	steps := [...]struct {
		name   string
		dir    *directory
		wanted bool
		set    func(*directory) error
	}{
		{"memory", g.offering(roleMemory), l.Memory >= 0, func(d *directory) error { return d.limitMemory(l.Memory) }},
		{"processes", g.offering(rolePids), l.Processes >= 0, func(d *directory) error { return d.limitTasks(l.Processes) }},
		{"processors", g.offering(roleCPU), l.CPUs >= 0, func(d *directory) error { return d.limitCPU(l.CPUs) }},
	}
	for _, s := range steps {
		if s.wanted && s.dir == nil {
			return fmt.Errorf("cgroup: limit %s: %w: %s", s.name, ErrNotSupported, mine().support.reason(s.name))
		}
	}
	for _, s := range steps {
		if s.dir == nil {
			continue
		}
		if err := s.set(s.dir); err != nil {
			return fmt.Errorf("cgroup: limit %s: %w", s.name, err)
		}
	}
	g.last = l
	return nil
}

// amount prints a limit; none is a negative one.
func amount(n int64, none string) string {
	if n < 0 {
		return none
	}
	return strconv.FormatInt(n, 10)
}

func (d *directory) limitMemory(n int64) error {
	if d.version == 2 {
		swap := "0"
		if n < 0 {
			swap = "max"
		}
		if err := d.write("memory.swap.max", swap); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
		return d.write("memory.max", amount(n, "max"))
	}
	const memory, both = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
	value := amount(n, "-1")
	// A group begins with its parent's choice, which may be to let processes
	// hang at the limit.
	if err := d.write("memory.oom_control", "0"); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	err := d.write(both, value)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP): // swap is not counted here
		return d.write(memory, value)
	case errors.Is(err, unix.EINVAL):
		// Memory and swap together may at no time be less than memory alone
		// (mem_cgroup_resize_max in mm): to go down, memory goes first.
		if err := d.write(memory, value); err != nil {
			return err
		}
		return d.write(both, value)
	case err != nil:
		return err
	}
	return d.write(memory, value)
}

func (d *directory) limitTasks(n int64) error {
	return d.write("pids.max", amount(n, "max"))
}

func (d *directory) limitCPU(cpus float64) error {
	quota := int64(-1)
	if cpus >= 0 {
		quota = int64(math.Round(cpus * periodMicros))
	}
	if d.version == 2 {
		return d.write("cpu.max", amount(quota, "max")+" "+strconv.Itoa(periodMicros))
	}
	return d.write("cpu.cfs_quota_us", amount(quota, "-1"))
}
