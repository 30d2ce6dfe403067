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
	if failed != nil {
		failed = fmt.Errorf("cgroup: sweep: %w", failed)
	}
	return swept, failed
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
