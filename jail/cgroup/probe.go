package cgroup

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Feature is whether something works here, and if not, why: in words for
// whoever runs the machine.
type Feature struct {
	OK     bool
	Reason string // empty where OK
}

// Support is what this process can really use.
type Support struct {
	// Version is 2 where groups are directories of the version 2 tree alone,
	// 1 where they have some in trees of version 1, and 0 where there are none.
	Version int

	Memory    Feature // Limits.Memory, Stats.Memory, Stats.Peak
	Processes Feature // Limits.Processes, Stats.Tasks
	CPUs      Feature // Limits.CPUs
	Usage     Feature // Stats.CPU
	Kill      Feature // Kill outruns forks
}

// reason is why a limit is not to be had.
func (s Support) reason(limit string) string {
	switch limit {
	case "memory":
		return s.Memory.Reason
	case "processes":
		return s.Processes.Reason
	}
	return s.CPUs.Reason
}

// Probe tries what this process can use: it makes a group, limits it, and
// removes it. It does so once; nothing that is mounted, delegated or granted
// later is noticed.
func Probe() Support { return mine().support }

// found is what Probe found.
type found struct {
	support Support
	places  []place
}

var mine = sync.OnceValue(func() found {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	var own []byte
	if err == nil {
		own, err = os.ReadFile("/proc/self/cgroup")
	}
	if err != nil {
		return unsupported(err.Error())
	}
	places, why := survey(parseMounts(string(mounts)), parseOwn(string(own)))
	return try(places, why)
})

func unsupported(reason string) found {
	f := Feature{Reason: reason}
	return found{support: Support{Memory: f, Processes: f, CPUs: f, Usage: f, Kill: f}}
}

// try uses each place alone, and keeps of it what works.
func try(places []place, why map[string]string) found {
	var f found
	var offers role
	for _, p := range places {
		p.offers = p.works(why)
		if p.offers == 0 {
			continue
		}
		offers |= p.offers
		f.places = append(f.places, p)
		if f.support.Version != 1 {
			f.support.Version = p.version
		}
	}
	feature := func(r role, names ...string) Feature {
		if offers&r != 0 {
			return Feature{OK: true}
		}
		var reasons []string
		for _, name := range names {
			if reason := why[name]; reason != "" && !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
		if len(reasons) == 0 {
			reasons = []string{nothing}
		}
		return Feature{Reason: strings.Join(reasons, "; ")}
	}
	f.support.Memory = feature(roleMemory, "memory")
	f.support.Processes = feature(rolePids, "pids")
	f.support.CPUs = feature(roleCPU, "cpu")
	f.support.Usage = feature(roleUsage, "cpuacct", "kill")
	f.support.Kill = feature(roleKill|rolePids, "kill", "pids")
	return f
}

// works makes a group in a place and sets each limit that it offers.
func (p *place) works(why map[string]string) role {
	g, err := create([]place{*p})
	for err != nil && p.version == 2 && p.offers&(roleMemory|rolePids|roleCPU) != 0 {
		// A controller that cannot be switched on: the tree is good for less.
		for _, name := range limiting {
			if p.offers&roleOf[name] != 0 {
				why[name] = "cgroup v2: " + err.Error()
			}
		}
		p.offers &^= roleMemory | rolePids | roleCPU
		p.enable = nil
		g, err = create([]place{*p})
	}
	if err != nil {
		for name, r := range roleOf {
			if p.offers&r != 0 {
				why[name] = err.Error()
			}
		}
		if p.offers&roleKill != 0 {
			why["kill"] = err.Error()
		}
		return 0
	}
	defer func() { _ = g.Close() }()
	d := g.dirs[0]
	var works role
	for _, t := range [...]struct {
		name string
		role role
		try  func() error
	}{
		// Small and harmless; nothing is inside. More CPU time than the groups
		// above have, version 1 refuses (sched-bwc.rst, hierarchical).
		{"memory", roleMemory, func() error { return errors.Join(d.limitMemory(1<<30), d.limitMemory(NoLimit)) }},
		{"pids", rolePids, func() error { return errors.Join(d.limitTasks(1), d.limitTasks(NoLimit)) }},
		{"cpu", roleCPU, func() error { return errors.Join(d.limitCPU(0.01), d.limitCPU(NoLimit)) }},
		{"cpuacct", roleUsage, func() error { return d.times(&counters{}) }},
		{"kill", roleKill, func() error { return d.strike() }},
	} {
		if p.offers&t.role == 0 {
			continue
		}
		if err := t.try(); err != nil {
			why[t.name] = explain(t.name, err)
			continue
		}
		works |= t.role
	}
	return works
}

func explain(name string, err error) string {
	if name == "kill" && errors.Is(err, unix.ENOENT) {
		return "cgroup.kill came with Linux 5.14, and there is no pids controller instead"
	}
	return fmt.Sprintf("%s: %v", name, err)
}
