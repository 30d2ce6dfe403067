package cgroup

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// role is one thing that a directory of a group is good for.
type role uint8

const (
	roleMemory role = 1 << iota
	rolePids
	roleCPU
	roleUsage // CPU time used
	roleKill  // cgroup.kill
)

var roleOf = map[string]role{"memory": roleMemory, "pids": rolePids, "cpu": roleCPU, "cpuacct": roleUsage}

// limiting are the controllers that limit something.
var limiting = [...]string{"memory", "pids", "cpu"}

func count(r role) int { return bits.OnesCount8(uint8(r)) }

// place is where groups are made in one tree.
type place struct {
	version int
	parent  string   // the group above this package's own directory
	offers  role     // what a group there is used for
	enable  []string // version 2: controllers to switch on in parent
}

// home is this package's own directory.
func (p *place) home() string { return path.Join(p.parent, homeName()) }

// homeName is for one user: two share no directory that one cannot write.
func homeName() string {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Sprintf("warder-%d", uid)
	}
	return "warder"
}

// survey finds the places, one in each tree that is used, version 2's first.
// For what has none, why says so.
func survey(mounts []mount, own map[string]string) (places []place, why map[string]string) {
	why = map[string]string{}
	if len(mounts) == 0 {
		for name := range roleOf {
			why[name] = nothing
		}
		why["kill"] = nothing
		return nil, why
	}
	first := map[string]bool{} // controllers that are version 1's here
	at := map[string]int{}
	for _, name := range [...]string{"memory", "pids", "cpu", "cpuacct"} {
		_, dir, err := find(mounts, own, name)
		if errors.Is(err, errNotMounted) {
			continue
		}
		first[name] = true
		if err == nil {
			err = writable(dir)
		}
		if err != nil {
			why[name] = fmt.Sprintf("cgroup v1 of %s: %s", name, inWords(err))
			continue
		}
		i, seen := at[dir]
		if !seen {
			i = len(places)
			at[dir] = i
			places = append(places, place{version: 1, parent: dir})
		}
		places[i].offers |= roleOf[name]
	}
	second, l := unified(mounts, own)
	for _, name := range limiting {
		if !first[name] && (second == nil || second.offers&roleOf[name] == 0) {
			why[name] = l
		}
	}
	if second == nil {
		why["kill"] = l
		return places, why
	}
	return append([]place{*second}, trim(places)...), why
}

// trim leaves the counting of CPU time to the version 2 tree: a tree of
// version 1 that is good for that alone would be one more to put processes in.
func trim(places []place) []place {
	var kept []place
	for _, p := range places {
		if p.offers &^= roleUsage; p.offers != 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// unified finds the place in the version 2 tree, and says what it lacks.
func unified(mounts []mount, own map[string]string) (found *place, why string) {
	top, dir, err := find(mounts, own, "")
	if err != nil {
		return nil, "cgroup v2: " + inWords(err)
	}
	all := levels(top, dir)
	var reasons []string
	for _, l := range all {
		if l.why != "" {
			reasons = append(reasons, l.why)
		}
	}
	// The nearest say most; a deep tree would fill a screen.
	const most = 3
	why = "cgroup v2: " + strings.Join(reasons[:min(most, len(reasons))], "; ")
	l := best(all)
	if l == nil {
		return nil, why
	}
	return &place{version: 2, parent: l.path, offers: l.offers, enable: l.enable}, why
}

// WhyNotVersion1 says in an operator's words why this process can make no group
// in version 1's tree of memory, or nothing. It takes microseconds, tries
// nothing, and knows that tree by its customary place alone, /sys/fs/cgroup/memory.
func WhyNotVersion1() string {
	const tree = "/sys/fs/cgroup/memory"
	err := isCgroup(tree, 1)
	if err == nil {
		err = writable(tree)
	}
	if errors.Is(err, unix.EACCES) { // its own group may have been given to this user
		var text []byte
		if text, err = os.ReadFile("/proc/self/cgroup"); err == nil {
			err = writable(path.Join(tree, parseOwn(string(text))["memory"]))
		}
	}
	var at *os.PathError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &at):
		return inWords(at.Err) // the place is known
	}
	return "not there" // but something else
}

const nothing = "no control groups are mounted"

var errNotMounted = errors.New("not mounted")

// find gives the top of a controller's tree and the directory of this
// process's own group there. Of several mounts one that may be written wins.
func find(mounts []mount, own map[string]string, controller string) (top, dir string, err error) {
	err = errNotMounted
	for i := range mounts {
		m := &mounts[i]
		if !m.has(controller) {
			continue
		}
		group, known := own[controller]
		if !known {
			continue // mounted by somebody whose controllers were moved since
		}
		d, seen := m.directory(group)
		if !seen {
			err = fmt.Errorf("this process's group %s is not below what is mounted at %s (%s)", group, m.point, m.root)
			continue
		}
		if e := isCgroup(d, m.version); e != nil {
			err = e
			continue
		}
		if writable(d) == nil {
			return m.point, d, nil
		}
		if dir == "" {
			top, dir = m.point, d
		}
	}
	if dir != "" {
		return top, dir, nil
	}
	return "", "", err
}

// isCgroup makes sure that no other mount covers a directory.
func isCgroup(dir string, version int) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	magic := int64(unix.CGROUP_SUPER_MAGIC)
	if version == 2 {
		magic = unix.CGROUP2_SUPER_MAGIC
	}
	if int64(st.Type) != magic {
		return fmt.Errorf("%s is covered by another mount", dir)
	}
	return nil
}

// inWords says to an operator what an error of a path means.
func inWords(err error) string {
	var at *os.PathError
	what := ""
	if errors.As(err, &at) {
		what = at.Path + ": "
	}
	switch {
	case errors.Is(err, unix.EROFS):
		return what + "mounted read-only"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Sprintf("%snot writable for user id %d", what, os.Geteuid())
	case errors.Is(err, unix.ENOENT):
		return what + "not there"
	}
	return err.Error()
}
