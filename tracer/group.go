package tracer

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/jail/cgroup"
)

// groupSlack is what a control group's memory limit lies above the session's:
// the stub's few pages, and what the kernel keeps for tasks and pipes, which
// Limits.Memory does not count.
const groupSlack = 4 << 20

// sweepOnce removes, before the first group is made, what killed supervisors
// left behind.
var sweepOnce = sync.OnceFunc(func() {
	_, _ = cgroup.Sweep() // what cannot be removed now is tried by the next
})

// planGroup decides whether the session gets a control group. On version 2 a
// child is born in it and it costs little; to move a process into one of
// version 1 takes the kernel 10 ms and more, so that there it must be asked for.
func (s *session) planGroup() bool {
	if !s.wanted(WallCgroup) {
		return false
	}
	if !slices.Contains(s.cfg.Require, WallCgroup) && !unifiedGroups() {
		s.unavailable(string(WallCgroup), noUnifiedGroups())
		return false
	}
	return true
}

// unifiedGroups reports whether control groups are of version 2, which no
// machine changes its mind about. Whether one can be had is found out by making
// it: a probe costs as much.
var unifiedGroups = sync.OnceValue(func() bool {
	var st unix.Statfs_t
	return unix.Statfs("/sys/fs/cgroup", &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
})

// noUnifiedGroups is why there is no group unasked, and whether to ask helps.
var noUnifiedGroups = sync.OnceValue(func() string {
	const none = "no version 2 control groups at /sys/fs/cgroup"
	if why := cgroup.WhyNotVersion1(); why != "" {
		return none + ", and version 1's memory controller is " + why
	}
	return none + "; version 1 costs a start 10 ms, --require cgroup asks for it"
})

// groupError says that a group could not be had.
type groupError struct{ err error }

func (e *groupError) Error() string { return e.err.Error() }
func (e *groupError) Unwrap() error { return e.err }

// start makes a stub, in a control group of its own where one is wanted.
func (w *worker) start(spec *jail.StubSpec, grouped bool) (*jail.Stub, error) {
	spec.Cgroup = -1
	if !grouped {
		return jail.Start(spec)
	}
	sweepOnce()
	g, err := cgroup.New()
	if err != nil {
		return nil, &groupError{err}
	}
	spec.Cgroup = g.FD()
	stub, err := jail.Start(spec)
	if err == nil && g.FD() < 0 {
		if err = g.Add(stub.PID); err != nil {
			stub.Close()
			err = &groupError{err}
		}
	}
	if err != nil {
		_ = g.Close() // what is left is swept by the next
		return nil, err
	}
	w.group = g
	return stub, nil
}

func (w *worker) closeGroup() {
	if w.group != nil {
		_ = w.group.Close() // what is left is swept by the next
		w.group = nil
	}
}

// limitGroup sets the group's limits for the session to come.
func (s *session) limitGroup() error {
	g := s.worker.group
	if g == nil {
		return nil
	}
	l := cgroup.Limits{Memory: cgroup.NoLimit, Processes: cgroup.NoLimit, CPUs: cgroup.NoLimit}
	if s.limits.Memory >= 0 {
		l.Memory = s.limits.Memory + groupSlack
	}
	// Tasks are RLIMIT_NPROC's, unless others have the user id: it is root's,
	// whom that does not bind, or what they start and end counts as well.
	if s.limits.Processes >= 0 && s.sharesID() != "" && cgroup.Probe().Processes.OK {
		l.Processes = s.limits.Processes + 1 // the stub
	}
	if err := g.Limit(l); err != nil {
		return &groupError{err}
	}
	return nil
}

// resetGroup begins the counting: the launch is not the program's.
func (s *session) resetGroup() error {
	if s.worker.group == nil {
		return nil
	}
	return s.worker.group.Reset()
}

// settleGroup takes what the group counted into the result, at the session's
// end.
func (s *session) settleGroup() error {
	if s.worker.group == nil {
		return nil
	}
	st, err := s.worker.group.Stats()
	if err != nil {
		return err
	}
	if !st.PeakOfLifetime {
		s.result.MemoryPeak = st.Peak
	}
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.oomKills = st.OOMKills
	if s.forked || s.cfg.Engine == Seccomp {
		// Children that nobody waited for are in no rusage.
		s.budget.tree = st.CPU
	}
	return nil
}

// divide splits the CPU time of a whole tree as user and system time of what
// was seen of it are.
func divide(total, user, system time.Duration) (time.Duration, time.Duration) {
	seen := user + system
	if total <= seen {
		return user, system
	}
	if seen == 0 {
		return 0, total
	}
	user = time.Duration(float64(total) * float64(user) / float64(seen))
	return user, total - user
}
