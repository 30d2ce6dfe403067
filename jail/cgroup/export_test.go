package cgroup

import (
	"os"
	"slices"
)

// Way is one of the ways in which groups can be made on this machine.
type Way struct {
	Name    string
	Support Support
	found   found
}

// Ways are the one that New takes, and those of each version alone.
func Ways() []Way {
	m := mine()
	ways := []Way{{"as probed", m.support, m}}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	own, _ := os.ReadFile("/proc/self/cgroup")
	for version, name := range map[int]string{1: "version 1 alone", 2: "version 2 alone"} {
		only := slices.DeleteFunc(parseMounts(string(mounts)), func(m mount) bool { return m.version != version })
		f := try(survey(only, parseOwn(string(own))))
		if len(f.places) > 0 {
			ways = append(ways, Way{name, f.support, f})
		}
	}
	slices.SortFunc(ways, func(a, b Way) int { return len(a.Name) - len(b.Name) })
	return ways
}

// New makes a group in this way.
func (w *Way) New() (*Group, error) { return w.found.create() }

// Directories are where the group is.
func (g *Group) Directories() []string {
	var paths []string
	for _, d := range g.dirs {
		paths = append(paths, d.path)
	}
	return paths
}

// Homes are this package's own directories.
func Homes() []string {
	var paths []string
	for _, p := range mine().places {
		paths = append(paths, p.home())
	}
	return paths
}

// Members lists who is inside.
func (g *Group) Members() ([]int, error) { return g.members() }

// KillWithin is Kill with another patience.
var KillWithin = (*Group).kill

// OneByOne makes Kill do without what outruns forks.
func (g *Group) OneByOne() {
	for _, d := range g.dirs {
		d.offers &^= roleKill | rolePids
	}
}
