package tracer

import (
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/jail"
	"warder/rules"
)

// A notified session is one of the Hybrid engine whose program is not traced
// once it runs: what the filter leaves to the supervisor comes as a
// notification (seccomp_unotify(2)), and the program's signals make no stop.
// The Go runtime signals its own threads all the time, and with two stops a
// signal such a program took half as long again.
//
// It is for programs that have no loader, under policies that keep them to one
// process, and for callers who look at nothing but the outcome. The verdicts
// are those of a traced session. The death signal of its parent, which is the
// worker's thread, stands in for PTRACE_O_EXITKILL.
//
// Each child loads a filter of its own that knows its process id, which costs
// a part of a launch: other programs than Go's are traced.

// noListener is set once this kernel, or who confines warder, has refused a
// filter with a listener.
var noListener atomic.Bool

// notify makes the session a notified one where it can be.
func (s *session) notify() error {
	c := s.cfg
	if c.Engine != Hybrid || !s.policy.notifies || !s.prog.golang || s.prog.dynamic || s.prog.script != nil ||
		c.Trace != nil || c.Renames || c.Keep != nil || c.Watch.any() || c.Hooks.Event != nil ||
		slices.Contains(c.Require, WallTracer) || noListener.Load() || !s.diesWithUs() || !keepsDead() {
		return nil
	}
	s.notified = true
	return s.chooseFilters()
}

// diesWithUs reports whether the program gets its death signal, and for good.
func (s *session) diesWithUs() bool {
	if idsReason() == "" && !slices.Contains(s.cfg.Without, WallUID) && !capable(unix.CAP_KILL) {
		return false // it is another user's: the kernel asks for the right to signal it
	}
	// The execve of a file with capabilities clears it, though it gives none
	// (begin_new_exec, fs/exec.c).
	_, err := unix.Fgetxattr(s.prog.fd, "security.capability", nil)
	return errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EOPNOTSUPP)
}

// listenerRefused reports whether a stub failed for want of a listener, and
// notes it where there never will be one.
func listenerRefused(err error) bool {
	var setup *jail.SetupError
	if !errors.As(err, &setup) || setup.Step != jail.ListenerStep {
		return false
	}
	switch setup.Err { // others are of this moment
	case unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EINVAL, unix.EBUSY:
		noListener.Store(true)
	}
	return true
}

// detach ends the tracing of a notified program, before its first instruction.
func (s *session) detach(t *task) error {
	s.placement.over() // no stops come
	if s.notified && t.proc.pidfd < 0 {
		return &Error{"wait for the program", t.tid, errors.New("no descriptor of it could be had")}
	}
	if err := ptrace.Detach(t.tid, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return &Error{"PTRACE_DETACH", t.tid, err}
	}
	return nil
}

// serve answers notifications until the program has ended, or is being ended.
func (s *session) serve() error {
	pidfd := s.procs[s.root].pidfd
	if pidfd < 0 {
		return nil // it was not let go, and is being killed
	}
	fds := [2]unix.PollFd{
		{Fd: int32(pidfd), Events: unix.POLLIN},
		{Fd: int32(s.worker.stub.Listener()), Events: unix.POLLIN},
	}
	for !s.killing {
		if _, err := unix.Poll(fds[:], -1); err != nil && !errors.Is(err, unix.EINTR) {
			return &Error{"poll", s.root, err}
		} else if err != nil {
			continue
		}
		switch {
		case fds[0].Revents != 0:
			return nil // it is readable when all threads are dead
		case fds[1].Revents&unix.POLLIN != 0:
			if err := s.answerOne(int(fds[1].Fd)); err != nil {
				return err
			}
		case fds[1].Revents != 0:
			fds[1].Fd = -1 // nobody is left who could notify
		}
	}
	return nil
}

// chooseFilters settles which seccomp programs the session has.
func (s *session) chooseFilters() (err error) {
	s.target, s.filter, s.change, err = s.policy.choose(s.prog, s.notified)
	if err == nil && s.notified && s.policy.Policy.Preempts() {
		s.guard, err = s.policy.filters[rules.SelfGuard]()
	}
	return err
}
