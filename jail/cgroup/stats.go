package cgroup

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Stats is what a group used. What the kernel does not tell is negative.
type Stats struct {
	// CPU is the time used since the last Reset (or New) by all processes
	// that were inside, the ended ones included: exact. User and System are
	// how it divides: scaled from samples on version 2, sampled at ticks on
	// version 1, where they need not add up to CPU.
	CPU, User, System time.Duration

	// Memory is what is charged to the group now, in bytes, and Peak the most
	// since the last Reset (or New): a page or so above the limit, when what
	// was refused is counted.
	Memory, Peak int64

	// PeakOfLifetime says that Peak is the most since New: this kernel cannot
	// make it begin anew (version 2 before Linux 6.12).
	PeakOfLifetime bool

	// OOMKills is the number of processes that the kernel killed for want of
	// memory since the last Reset (or New).
	OOMKills int64

	// Tasks is the number of tasks now, zombies included.
	Tasks int64
}

// counters only ever grow; a Reset remembers them.
type counters struct {
	cpu, user, system time.Duration
	oomKills          int64
}

// Stats reads what the group used. It may be called at any time, also while
// Kill runs.
func (g *Group) Stats() (Stats, error) {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 0 {
		return Stats{}, g.closed("stats")
	}
	g.counting.Lock()
	defer g.counting.Unlock()
	s := Stats{Memory: -1, Peak: -1, Tasks: -1}
	c, err := g.count()
	if err == nil {
		s.Memory, s.Peak, err = g.memory()
	}
	if d := g.offering(rolePids); err == nil && d != nil {
		s.Tasks, err = d.number("pids.current")
	}
	if err != nil {
		return Stats{}, fmt.Errorf("cgroup: stats: %w", err)
	}
	s.CPU, s.User, s.System = since(c.cpu, g.base.cpu), since(c.user, g.base.user), since(c.system, g.base.system)
	s.OOMKills = since(c.oomKills, g.base.oomKills)
	s.PeakOfLifetime = g.peakOld && s.Peak >= 0
	return s, nil
}

// since subtracts a counter's earlier value; a negative one is not known.
// Divided CPU times are computed anew at each reading and may go back a little.
func since[T int64 | time.Duration](now, before T) T {
	if now < 0 || before < 0 {
		return -1
	}
	return max(now-before, 0)
}

// Reset makes what Stats tells begin anew, for the next session of the group.
// Memory that is still charged is where the next peak begins.
func (g *Group) Reset() error {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 0 {
		return g.closed("reset")
	}
	g.counting.Lock()
	defer g.counting.Unlock()
	c, err := g.count()
	if err == nil {
		err = g.resetPeak()
	}
	if err != nil {
		return fmt.Errorf("cgroup: reset: %w", err)
	}
	g.base = c
	return nil
}

// count reads the counters.
func (g *Group) count() (counters, error) {
	c := counters{-1, -1, -1, -1}
	if d := g.offering(roleUsage); d != nil {
		if err := d.times(&c); err != nil {
			return c, err
		}
	}
	if d := g.offering(roleMemory); d != nil {
		file := "memory.events"
		if d.version == 1 {
			file = "memory.oom_control"
		}
		var err error
		if c.oomKills, err = d.keyed(file, "oom_kill"); err != nil {
			return c, err
		}
	}
	return c, nil
}

// times reads the CPU times: cpu.stat of version 2 in microseconds, which is
// there without the controller too (cgroup-v2.rst, CPU), cpuacct of version 1
// in nanoseconds (cpuacct.rst).
func (d *directory) times(c *counters) error {
	if d.version == 2 {
		text, err := d.read("cpu.stat")
		if err != nil {
			return err
		}
		c.cpu = micros(valueOf(text, "usage_usec"))
		c.user = micros(valueOf(text, "user_usec"))
		c.system = micros(valueOf(text, "system_usec"))
		return nil
	}
	for file, to := range map[string]*time.Duration{
		"cpuacct.usage": &c.cpu, "cpuacct.usage_user": &c.user, "cpuacct.usage_sys": &c.system,
	} {
		n, err := d.number(file)
		if err != nil {
			return err
		}
		*to = time.Duration(n)
	}
	return nil
}

func micros(n int64) time.Duration {
	if n < 0 {
		return -1
	}
	return time.Duration(n) * time.Microsecond
}

// memory reads what is charged now and was at most.
func (g *Group) memory() (now, peak int64, err error) {
	d := g.offering(roleMemory)
	if d == nil {
		return -1, -1, nil
	}
	if d.version == 1 {
		if now, err = d.number("memory.usage_in_bytes"); err == nil {
			peak, err = d.number("memory.max_usage_in_bytes")
		}
		return now, peak, err
	}
	if now, err = d.number("memory.current"); err != nil {
		return now, -1, err
	}
	if g.peak < 0 {
		peak, err = d.number("memory.peak") // since Linux 5.19
		return now, peak, err
	}
	text, err := readAll(g.peak)
	if err == nil {
		peak, err = parseNumber(text)
	}
	if err != nil {
		err = &os.PathError{Op: "read", Path: d.path + "/memory.peak", Err: err}
	}
	return now, peak, err
}

// resetPeak makes the peak begin at what is charged now. On version 2 that is
// so for one descriptor, which is therefore kept (cgroup-v2.rst, memory.peak).
func (g *Group) resetPeak() error {
	d := g.offering(roleMemory)
	if d == nil {
		return nil
	}
	if d.version == 1 {
		return d.write("memory.max_usage_in_bytes", "0")
	}
	if g.peak < 0 && !g.peakOld {
		fd, err := d.open("memory.peak", unix.O_RDWR)
		if err != nil && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOENT) {
			return err
		}
		g.peak = fd
	}
	if g.peak < 0 {
		g.peakOld = true
		return nil
	}
	if err := writeAll(g.peak, "reset"); err != nil {
		// An older kernel opens the file for writing for root, and then has
		// no way to write it.
		_ = unix.Close(g.peak)
		g.peak, g.peakOld = -1, true
	}
	return nil
}
