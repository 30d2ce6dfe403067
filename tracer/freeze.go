package tracer

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// A session gathers its tasks when something is to be done with all of them
// stopped: a main stage begins, or somebody wants to look. Every task is asked
// to stop; resume and listen then park each that has; and the last one to be
// parked lets it be done.

// gather begins it. The task at, if not 0, is in a stop already and will be
// parked by its own answer.
func (s *session) gather(at int) error {
	if s.gathering {
		return nil // the others are being parked
	}
	s.gathering = true
	for tid := range s.tasks {
		if tid == at {
			continue
		}
		// One that is stopped already stops once more when it goes on.
		if err := interrupt(tid); err != nil {
			return err
		}
	}
	return nil
}

func interrupt(tid int) error {
	if err := ptrace.Interrupt(tid); err != nil && !errors.Is(err, unix.ESRCH) {
		return &Error{"PTRACE_INTERRUPT", tid, err}
	}
	return nil
}

// park keeps a stopped task, to be resumed with sig, or left in its
// group-stop.
func (s *session) park(t *task, sig int, listen bool) error {
	t.parked, t.signal, t.listen = true, sig, listen
	return s.ifGathered()
}

// mustGoOn reports whether a stopped task cannot be parked where it is: who
// looks at all tasks wants each between two instructions of the program, not
// in the middle of a call. It goes on, to stop again before it is back there. A
// task whose event is told of stays where that is.
func (s *session) mustGoOn(t *task) bool { return len(s.jobs) > 0 && !t.clean && !t.held }

// ifGathered does what the tasks were gathered for, if every one is parked, and
// lets them go. A task that waits for its vfork child is not stopped, and runs
// no instruction before that one has gone on.
func (s *session) ifGathered() error {
	if !s.gathering || len(s.tasks) == 0 || s.killing || s.budget.hasEnded() {
		return nil
	}
	for _, t := range s.tasks {
		if !t.parked && !t.vforked && !t.zombie {
			return nil
		}
	}
	s.gathering = false
	if err := s.beginMain(); err != nil || s.killing {
		return err
	}
	if rest := s.parkedTasks(s.mustGoOn); len(rest) > 0 {
		// A job came while they were parked for a main stage, wherever they were.
		s.gathering = true
		return s.letGo(rest)
	}
	if err := s.runJobs(); err != nil || s.killing {
		return err
	}
	return s.letGo(s.parkedTasks(func(*task) bool { return true }))
}

// awaitsLeader reports whether all but the first threads of processes have been
// gathered.
func (s *session) awaitsLeader() bool {
	if !s.gathering || s.killing {
		return false
	}
	missing := 0
	for _, t := range s.tasks {
		if t.parked || t.vforked || t.zombie {
			continue
		}
		if t.tid != t.proc.tgid || t.proc.tasks == 1 {
			return false
		}
		missing++
	}
	return missing > 0
}

// buryLeaders marks the first threads that have exited, and waits a little for
// the others.
func (s *session) buryLeaders() error {
	found := false
	for _, t := range s.tasks {
		if t.parked || t.tid != t.proc.tgid || t.proc.tasks == 1 {
			continue
		}
		var st procfs.Stat
		if err := procfs.ReadStat(t.tid, &st); err == nil && st.State == 'Z' {
			t.zombie, found = true, true
		}
	}
	if found {
		return s.ifGathered()
	}
	pause := unix.NsecToTimespec(int64(50 * time.Microsecond))
	_, err := unix.Ppoll(nil, &pause, nil)
	if errors.Is(err, unix.EINTR) {
		err = nil
	}
	return err
}

func (s *session) parkedTasks(which func(*task) bool) []*task {
	var list []*task
	for _, t := range s.tasks {
		if t.parked && which(t) {
			list = append(list, t)
		}
	}
	return list
}

// letGo resumes parked tasks.
func (s *session) letGo(list []*task) error {
	for _, t := range list {
		t.parked, t.held = false, false
		err := error(nil)
		if t.listen {
			err = s.listen(t)
		} else {
			err = s.resume(t, t.signal)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}
