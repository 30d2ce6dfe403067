package tracer

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// wnothread keeps wait4 to the children and tracees of this thread: other
// sessions and the host program wait for their own (__WNOTHREAD, linux/wait.h).
const wnothread = 0x20000000

// event is one wait status with what came with it.
type event struct {
	tid    int // 0: overtaken by a later one of the same task
	status uint32
	ru     syscall.Rusage
	own    *usage // what a dead process used itself, where its rusage mixes more in
}

// maxEvents bounds one round, so that a task that is born and dies all the
// time cannot keep the others from being answered.
const maxEvents = 256

// next gives the next round's events: what an injection has met, or new ones.
func (s *session) next() error {
	if len(s.late) > 0 {
		s.events, s.late = append(s.events[:0], s.late...), s.late[:0]
		return nil
	}
	for s.awaitsLeader() {
		// One that has exited before its other threads stops no more and tells
		// nothing: its death comes last.
		if err := s.collect(unix.WALL | wnothread | unix.WNOHANG); err != nil || len(s.events) > 0 {
			return err
		}
		if err := s.buryLeaders(); err != nil {
			return err
		}
	}
	return s.collect(unix.WALL | wnothread)
}

// collect waits for one event, unless it is told not to, and takes what else
// has happened by then.
func (s *session) collect(options int) error {
	s.events = s.events[:0]
	for len(s.events) < maxEvents {
		s.events = append(s.events, event{})
		e := &s.events[len(s.events)-1]
		err := s.wait(e, options)
		switch {
		case errors.Is(err, unix.EINTR):
			s.events = s.events[:len(s.events)-1]
			continue
		case err != nil && options&unix.WNOHANG == 0:
			s.events = s.events[:0]
			return err
		case err != nil || e.tid == 0:
			// Nothing more; an error will be met by the next round's wait.
			s.events = s.events[:len(s.events)-1]
			return nil
		}
		// A stop that its task has left again is not answered: the task was
		// killed, or is another by now, which took its id in an execve.
		for i := range s.events[:len(s.events)-1] {
			if s.events[i].tid == e.tid {
				s.events[i].tid = 0
			}
		}
		if len(s.tasks) == 1 && !s.forked {
			return nil // there is nobody else
		}
		options |= unix.WNOHANG
	}
	return nil
}

// wait is wait4 for one event; with WNOHANG e.tid is 0 where there is none.
// Where more than one process has been alive, a death is looked at before it
// is reaped: a zombie's own CPU clock tells what its rusage mixes with the
// children that it waited for itself.
func (s *session) wait(e *event, options int) (err error) {
	if !s.forked {
		e.tid, err = ptrace.Wait(-1, options, &e.status, &e.ru)
		return err
	}
	for {
		pid, death, err := ptrace.Peek(options)
		if err != nil || pid == 0 {
			return err
		}
		if death && s.procs[pid] != nil {
			e.own = ownUsage(pid)
		}
		e.tid, err = ptrace.Wait(pid, options|unix.WNOHANG, &e.status, &e.ru)
		if err != nil || e.tid != 0 {
			return err
		}
		// What was seen has changed meanwhile: a stop that a SIGKILL ended.
		e.own = nil
	}
}

// ownUsage is what a dead and unreaped process used itself.
func ownUsage(pid int) *usage {
	total, err := procfs.CPUTime(pid)
	if err != nil {
		return nil
	}
	u := &usage{user: total}
	// The exact clock does not tell user from system time; the sampled ones do.
	if user, system, err := procfs.CPUTimes(pid); err == nil && user+system > 0 {
		u.system = time.Duration(float64(total) * float64(system) / float64(user+system))
		u.user = total - u.system
	}
	return u
}
