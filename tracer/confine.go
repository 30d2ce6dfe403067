package tracer

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/rules"
)

// fixedLimits are the kernel's limits that every program has.
var fixedLimits = []jail.Limit{
	{Resource: unix.RLIMIT_CORE, Value: 0},
	{Resource: unix.RLIMIT_MEMLOCK, Value: 0},
	{Resource: unix.RLIMIT_MSGQUEUE, Value: 0},
	{Resource: unix.RLIMIT_SIGPENDING, Value: 256},
}

// rlimits are the kernel's limits that a session chooses: backstops for what
// the budget watches, and the only wall for the rest.
func (s *session) rlimits() []jail.Limit {
	l := make([]jail.Limit, 0, 6)
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
	return jail.NewRuleset(s.domain())
}

// laterRuleset makes the Landlock ruleset that the program gets at its entry
// point, where the policy has paths for its loader alone, or -1.
func (s *session) laterRuleset() (int, error) {
	if !s.stagedPaths() {
		return -1, nil
	}
	// That is about files alone: the first domain holds on, and a scope of its
	// own would cut the program off from what it has started.
	d := s.files(rules.Main)
	d.AnyTCP, d.Signals, d.Abstract = jail.BindTCP|jail.ConnectTCP, true, true
	return jail.NewRuleset(d)
}

// stagedPaths reports whether paths are taken back at the entry point.
func (s *session) stagedPaths() bool {
	return s.policy.Policy.StagedPaths() && !s.policy.Policy.AnyPath && !s.static() && s.cfg.Engine != Strict &&
		!slices.Contains(s.cfg.Without, WallLandlock) && jail.LandlockABI() > 0
}

// lastDescriptor is the highest that the program may have, for what must not
// be in its way.
func (s *session) lastDescriptor() int {
	if s.limits.OpenFiles >= 0 {
		return int(s.limits.OpenFiles) - 1
	}
	const usual = 1024
	return usual - 1
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

// domain is the Landlock domain that the program is launched in.
func (s *session) domain() *jail.Domain {
	p := s.policy.Policy
	stage := rules.Loader
	if s.static() {
		stage = rules.Main
	}
	d := s.files(stage)
	d.Connect, d.Bind = portRanges(&p.Connect), portRanges(&p.Bind)
	if p.Connect.Any {
		d.AnyTCP |= jail.ConnectTCP
	}
	if p.Bind.Any {
		d.AnyTCP |= jail.BindTCP
	}
	d.Signals = p.Signals.Reach == rules.ReachAny
	d.Abstract = p.AbstractSockets.Reach == rules.ReachAny
	return d
}

// files is a domain with what may be done with files in a stage.
func (s *session) files(stage rules.Stage) *jail.Domain {
	p := s.policy.Policy
	d := &jail.Domain{
		Files:   []jail.Grant{{FD: s.prog.fd, Path: s.cfg.Path, Access: jail.Exec}},
		AnyFile: p.AnyPath,
		Root:    s.newRoot,
	}
	if sc := s.prog.script; sc != nil {
		d.Files = append(d.Files, jail.Grant{FD: sc.fd, Path: sc.name, Access: jail.Read})
	}
	if s.static() && !s.policy.opens && len(p.Create) == 0 && len(p.Write) == 0 && s.cfg.Engine != Seccomp {
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
