package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Sweep removes the groups that supervisors left behind when they were killed,
// with all that is still inside, and returns how many there were. It looks
// where this process would make groups of its own. A group is let alone if
// anybody holds its lock: its owner, in whatever namespaces, or another sweep.
func Sweep() (int, error) {
	places := mine().places
	var names []string
	var failed error
	for _, p := range places {
		entries, err := os.ReadDir(p.home())
		if err != nil && !errors.Is(err, unix.ENOENT) {
			failed = errors.Join(failed, err)
		}
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	swept := 0
	for _, name := range slices.Compact(names) {
		g, err := adopt(places, name)
		if err == nil && g != nil {
			if err = errors.Join(g.Kill(), g.Close()); err == nil {
				swept++
			} else {
				g.release()
			}
		}
		failed = errors.Join(failed, err)
	}
	for _, p := range places {
		_ = unix.Rmdir(p.home()) // if no group is in it, whose last would have taken it along
	}
	if failed != nil {
		failed = fmt.Errorf("cgroup: sweep: %w", failed)
	}
	return swept, failed
}

// Stale reports whether Sweep has something to do, for whoever makes no group
// and would not have Probe's price: some 50 us, where Sweep takes milliseconds.
// It looks where groups are mounted by custom, at /sys/fs/cgroup, and finds
// nothing that is elsewhere.
func Stale() bool {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return false
	}
	own := parseOwn(string(text))
	for _, controller := range [...]string{"memory", "pids", "cpu", "cpuacct"} {
		if group, known := own[controller]; known && staleIn(path.Join("/sys/fs/cgroup", controller, group)) {
			return true
		}
	}
	// Version 2's may be made higher up (levels).
	for _, top := range [...]string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		for dir := path.Join(top, own[""]); len(dir) >= len(top); dir = path.Dir(dir) {
			if staleIn(dir) {
				return true
			}
		}
	}
	return false
}

// staleIn looks for what nobody owns in this package's directory in a group.
func staleIn(parent string) bool {
	home := path.Join(parent, homeName())
	if unix.Access(home, unix.F_OK) != nil {
		return false // nearly always; ReadDir takes longer to say so
	}
	entries, err := os.ReadDir(home)
	if err != nil {
		return false
	}
	groups := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		groups++
		// The lock is let go at once: a sweep, or an owner just now about to
		// take it, takes it then, or makes another group.
		d := &directory{path: path.Join(home, e.Name()), fd: -1}
		if d.lock() == nil {
			d.close()
			return true
		}
	}
	return groups == 0 // its last group should have taken it along
}

// adopt takes a group over if nobody owns any of its directories; otherwise
// there is none. It has those directories that it has: its owner may have
// been killed while it made them.
func adopt(places []place, name string) (*Group, error) {
	// Its limits are not known, and are taken to be tight: Kill lifts them.
	g := &Group{name: name, last: Limits{NoLimit, NoLimit, 1}, peak: -1}
	for _, p := range places {
		d := &directory{path: path.Join(p.home(), name), version: p.version, offers: p.offers, fd: -1}
		err := d.lock()
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			g.release()
			if errors.Is(err, unix.EWOULDBLOCK) {
				err = nil
			}
			return nil, err
		}
		g.dirs = append(g.dirs, d)
	}
	if len(g.dirs) == 0 {
		return nil, nil // it went meanwhile
	}
	return g, nil
}

// release lets a group go without removing it.
func (g *Group) release() {
	g.life.Lock()
	defer g.life.Unlock()
	for _, d := range g.dirs {
		d.close()
	}
	g.dirs = nil
}
