package cgroup

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// level is a group of the version 2 tree at or above this process's own, as
// a place to make groups in.
type level struct {
	path   string
	offers role     // what groups below it can have
	enable []string // controllers of those that must be switched on first
	why    string   // why it does not offer more, in an operator's words
	closed bool     // nothing can be made here
}

// levels looks at own and the groups above it up to top, nearest first.
func levels(top, own string) []level {
	var all []level
	for dir := own; ; dir = path.Dir(dir) {
		all = append(all, look(dir))
		if len(dir) <= len(top) {
			return all
		}
		if bounds := bounded(dir); len(bounds) > 0 {
			why := fmt.Sprintf("%s is bounded (%s): groups above it would escape that", dir, strings.Join(bounds, ", "))
			return append(all, level{path: path.Dir(dir), closed: true, why: why})
		}
	}
}

// look finds what groups below a group can have.
func look(dir string) level {
	l := level{path: dir}
	if err := writable(dir); err != nil {
		l.closed, l.why = true, inWords(err)
		return l
	}
	// Who moves or starts a process needs the right to write there in the
	// nearest group above both places (cgroup-v2.rst, Delegation Containment).
	if err := writable(dir + "/cgroup.procs"); err != nil {
		l.closed, l.why = true, inWords(err)
		return l
	}
	l.offers = roleUsage | roleKill
	// The root of all has no type and may hold processes beside groups.
	if kind, err := os.ReadFile(dir + "/cgroup.type"); err == nil {
		if kind := strings.TrimSpace(string(kind)); kind != "domain" {
			l.closed, l.why = true, fmt.Sprintf("%s is of type %q, whose groups hold threads only", dir, kind)
			return l
		}
		if text, err := os.ReadFile(dir + "/cgroup.procs"); err != nil || len(text) > 0 {
			l.why = dir + " holds processes, so groups in it can have no controllers (cgroup-v2.rst, no internal process constraint)"
			return l
		}
	}
	l.controllers()
	return l
}

// controllers finds which controllers groups below can have: those that are
// on, and those that are there and may be switched on.
func (l *level) controllers() {
	there := words(l.path + "/cgroup.controllers")
	on := words(l.path + "/cgroup.subtree_control")
	allowed := writable(l.path + "/cgroup.subtree_control")
	var lacking []string
	for _, name := range limiting {
		switch {
		case slices.Contains(on, name):
			l.offers |= roleOf[name]
		case !slices.Contains(there, name):
			lacking = append(lacking, fmt.Sprintf("%s is not delegated (not in %s/cgroup.controllers)", name, l.path))
		case allowed != nil:
			lacking = append(lacking, fmt.Sprintf("%s is not delegated (%s)", name, inWords(allowed)))
		default:
			l.offers |= roleOf[name]
			l.enable = append(l.enable, name)
		}
	}
	l.why = strings.Join(lacking, "; ")
}

// bounded lists the files of a group by which somebody bounds it. The number
// of tasks is left out: systemd bounds that of every unit.
func bounded(dir string) []string {
	var found []string
	for _, b := range [...]struct{ file, none string }{
		{"memory.max", "max"},
		{"memory.high", "max"},
		{"memory.swap.max", "max"},
		{"cpu.max", "max"},
		{"cpuset.cpus", ""},
		{"cpuset.mems", ""},
		{"io.max", ""},
	} {
		list := words(dir + "/" + b.file)
		if len(list) > 0 && list[0] != b.none {
			found = append(found, b.file)
		}
	}
	return found
}

// best chooses among levels: the most controllers, then the fewest to switch
// on, then the nearest.
func best(all []level) *level {
	var chosen *level
	for i := range all {
		l := &all[i]
		if l.closed {
			continue
		}
		if chosen == nil || count(l.offers) > count(chosen.offers) ||
			count(l.offers) == count(chosen.offers) && len(l.enable) < len(chosen.enable) {
			chosen = l
		}
	}
	return chosen
}
