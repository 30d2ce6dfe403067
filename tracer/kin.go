package tracer

import (
	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// forkStop is the parent's side of a new task. The child is entered at once:
// it reports its first stop, or its death, by itself.
func (s *session) forkStop(t *task) error {
	msg, err := ptrace.EventMsg(t.tid)
	if err != nil {
		return &Error{"PTRACE_GETEVENTMSG", t.tid, err}
	}
	child := int(msg)
	// One that has died already and was reaped must not enter the table: its
	// id may be a stranger's by now.
	if s.tasks[child] == nil && ptrace.Mine(child) {
		// The kind of the event does not tell a thread from a process.
		tgid, err := procfs.TGID(child)
		if err == nil {
			c := s.adopt(child, tgid)
			s.placement.joined(child)
			if err := s.insideRoot(c); err != nil {
				return err
			}
		}
	}
	if c := s.tasks[child]; c != nil {
		c.proc.inherit(t.proc)
		if tr := s.cfg.Trace; tr != nil {
			tr.Witness.Born(c.proc.tgid, child, t.tid)
		}
	}
	return s.resume(t, 0)
}

// execStop is a program's own execve (the launch's is seen by package jail).
func (s *session) execStop(t *task) error {
	msg, err := ptrace.EventMsg(t.tid)
	if err != nil {
		return &Error{"PTRACE_GETEVENTMSG", t.tid, err}
	}
	inside := t.inside
	if old := int(msg); old != t.tid {
		inside = s.tasks[old] != nil && s.tasks[old].inside
		// A thread that was not the leader took the leader's id; its own id
		// never reports a death.
		s.drop(old)
	}
	// What was known of the leader is not true of whoever has its id now: a
	// leader that had exited counts as standing still.
	*t = task{tid: t.tid, proc: t.proc, inside: inside, wantExit: inside}
	if err := s.secret(t.proc); err != nil {
		s.breach(t.proc.tgid, t.tid, "exec", err.Error())
		return s.put(t)
	}
	if tr := s.cfg.Trace; tr != nil {
		tr.Witness.Executed(t.proc.tgid, int(msg))
	}
	if err := s.hideVDSO(t); err != nil {
		return err
	}
	if err := s.enterImage(t.proc, false); err != nil {
		return err
	}
	return s.resume(t, 0)
}

// died enters a death. A leader's comes after those of all its threads.
func (s *session) died(e *event, w wait) {
	tid := e.tid
	t := s.tasks[tid]
	if t == nil {
		return
	}
	if tr := s.cfg.Trace; tr != nil {
		tr.Witness.Ended(t.proc.tgid, tid, unix.WaitStatus(e.status))
	}
	if tid != t.proc.tgid {
		s.drop(tid)
		return
	}
	p := t.proc
	s.budget.reaped(&e.ru, e.own)
	if tid == s.root {
		s.rootDied(p, w)
		s.killing = true
		s.dropProcess(p)
		s.budget.over() // the rest of the tree does not outlive the program
		return
	}
	s.dropProcess(p)
}

// rootDied records how the program itself ended, unless a cause came first.
func (s *session) rootDied(p *process, w wait) {
	r := &s.result
	if w.kind == ExitedDeath {
		r.ExitCode = w.code
		if w.code != 0 {
			r.Outcome = Exited
		}
		return
	}
	if s.finished {
		r.ExitCode = 0
		return
	}
	r.Signal = w.code
	switch {
	case r.Outcome == PolicyViolation:
	case unix.Signal(w.code) == unix.SIGSYS && !p.sigsys && s.cfg.Engine != Strict:
		// A SIGSYS that was sent would have been seen at its delivery; where
		// nothing is traced, the filter keeps the program from sending it.
		r.Outcome = PolicyViolation
		r.Violation = s.unseenViolation()
	default:
		r.Outcome = Signaled
	}
}
