package tracer

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/rules"
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
		add(unix.RLIMIT_NPROC, s.limits.Processes+s.othersOfUser())
	}
	return l
}

// ruleset makes the session's Landlock ruleset, or -1.
func (s *session) ruleset() (int, error) {
	if s.cfg.Engine == Strict {
		// Mode 1 lets nothing be opened, and raw code comes from a memfd, which
		// no Landlock rule can name.
		return -1, nil
	}
	abi := jail.LandlockABI()
	without := slices.Contains(s.cfg.Without, WallLandlock)
	if !without {
		if err := s.landlockSays(abi); err != nil {
			return -1, err
		}
	}
	if without || abi == 0 {
		if s.uid < 0 {
			// Nothing keeps the program from the stub's memory but its policy.
			s.retire = true
		}
		return -1, nil
	}
	return jail.NewRuleset(s.domain(rules.Loader))
}

// landlockSays holds the policy against what a kernel of an ABI can refuse. A
// key that it cannot enforce is an error, unless the caller does without; what
// it cannot refuse though no key asks for it is noted.
func (s *session) landlockSays(abi int) error {
	p := s.policy.Policy
	var errs []error
	for _, n := range p.LandlockNeeds(abi) {
		if abi > 0 && s.cfg.WithoutLandlock {
			s.unavailable("landlock", n.Unavailable())
		}
		errs = append(errs, n)
	}
	if len(errs) > 0 && !s.cfg.WithoutLandlock {
		return errors.Join(errs...)
	}
	if abi == 0 {
		s.unavailable("landlock", "not offered by this kernel")
		return nil
	}
	for _, lack := range p.LandlockLacks(abi) {
		s.unavailable("landlock", lack)
	}
	return nil
}

// domain is the Landlock domain of a stage: rules.Loader for the one that the
// program is launched in, rules.Main for the tighter one that can be stacked
// on it at the entry point (rules.Policy.StagedPaths). That is about files
// alone: ports and scopes are the same in both, and the first domain holds on.
// A scope of its own would cut the program off from what it started before.
func (s *session) domain(stage rules.Stage) *jail.Domain {
	p := s.policy.Policy
	d := &jail.Domain{
		Files:   []jail.Grant{{FD: s.prog.fd, Path: s.cfg.Path, Access: jail.Exec}},
		AnyFile: p.AnyPath,
		Root:    s.newRoot,
	}
	if stage == rules.Main {
		d.AnyTCP, d.Signals, d.Abstract = jail.BindTCP|jail.ConnectTCP, true, true
	} else {
		d.Connect, d.Bind = portRanges(&p.Connect), portRanges(&p.Bind)
		if p.Connect.Any {
			d.AnyTCP |= jail.ConnectTCP
		}
		if p.Bind.Any {
			d.AnyTCP |= jail.BindTCP
		}
		d.Signals = p.Signals.Reach == rules.ReachAny
		d.Abstract = p.AbstractSockets.Reach == rules.ReachAny
	}
	if s.prog.known && !s.prog.dynamic && !s.policy.opens && len(p.Create) == 0 && len(p.Write) == 0 && s.cfg.Engine != Seccomp {
		return d // it can open nothing
	}
	for _, g := range p.Grants(stage) {
		d.Files = append(d.Files, jail.Grant{FD: -1, Path: g.Name, Access: fileRights(g.Access), Optional: g.Optional})
	}
	return d
}

func fileRights(a rules.Access) uint64 {
	var rights uint64
	for _, r := range [...]struct {
		access rules.Access
		rights uint64
	}{
		{rules.MayRead, jail.Read},
		{rules.MayExecute, jail.Exec},
		{rules.MayWrite, jail.Write},
		{rules.MayCreate, jail.Create},
	} {
		if a&r.access != 0 {
			rights |= r.rights
		}
	}
	return rights
}

func portRanges(p *rules.Ports) []jail.PortRange {
	var out []jail.PortRange
	for _, r := range p.List {
		out = append(out, jail.PortRange{First: r.First, Last: r.Last})
	}
	return out
}
