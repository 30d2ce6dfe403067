package tracer

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"warder/jail"
)

// rlimits are the kernel's own limits: backstops for what the budget watches,
// and the only wall for the rest.
func (s *session) rlimits() []jail.Limit {
	l := []jail.Limit{
		{Resource: unix.RLIMIT_CORE, Value: 0},
		{Resource: unix.RLIMIT_MEMLOCK, Value: 0},
		{Resource: unix.RLIMIT_MSGQUEUE, Value: 0},
		{Resource: unix.RLIMIT_SIGPENDING, Value: 256},
	}
	add := func(resource int, v int64) {
		if v >= 0 {
			l = append(l, jail.Limit{Resource: resource, Value: uint64(v)})
		}
	}
	if s.limits.CPU >= 0 {
		// Whole seconds, and only a backstop: above the budget by one to two.
		add(unix.RLIMIT_CPU, int64(s.limits.CPU/time.Second)+2)
	}
	add(unix.RLIMIT_FSIZE, s.limits.FileSize)
	add(unix.RLIMIT_STACK, s.limits.Stack)
	add(unix.RLIMIT_NOFILE, s.limits.OpenFiles)
	if s.limits.Processes >= 0 {
		add(unix.RLIMIT_NPROC, s.limits.Processes+othersOfUser())
	}
	return l
}

// ruleset makes the session's Landlock ruleset, or -1.
func (s *session) ruleset() (int, error) {
	p := s.policy.Policy
	if s.cfg.Engine == Strict {
		// Mode 1 lets nothing be opened, and raw code comes from a memfd, which
		// no Landlock rule can name.
		return -1, nil
	}
	if jail.LandlockABI() == 0 {
		if len(p.Read)+len(p.Exec) > 0 && !s.cfg.WithoutLandlock {
			line := 0
			if len(p.Read) > 0 {
				line = p.Read[0].Line
			} else {
				line = p.Exec[0].Line
			}
			return -1, fmt.Errorf("%s: path rules need Landlock, which this kernel does not offer; --weaken=landlock runs without them", p.Where(line))
		}
		s.unavailable("landlock", "not offered by this kernel")
		if s.uid < 0 {
			// Nothing keeps the program from the stub's memory but its policy.
			s.retire = true
		}
		return -1, nil
	}
	grants := []jail.Grant{{FD: s.prog.fd, Path: s.cfg.Path, Access: jail.Exec}}
	if s.prog.known && !s.prog.dynamic && !s.policy.opens && s.cfg.Engine != Seccomp {
		return jail.NewRuleset(grants, p.AnyPath)
	}
	for _, r := range p.Read {
		grants = append(grants, jail.Grant{FD: -1, Path: r.Name, Access: jail.Read, Optional: r.Optional})
	}
	for _, r := range p.Exec {
		grants = append(grants, jail.Grant{FD: -1, Path: r.Name, Access: jail.Exec, Optional: r.Optional})
	}
	return jail.NewRuleset(grants, p.AnyPath)
}
