package tracer

import (
	"warder/memory"
	"warder/regs"
)

// Tracee is a thread in a stop, lent to a hook. It is valid until the hook
// returns; afterwards every method answers ErrGone.
type Tracee struct {
	session *session
	task    *task
	stop    uint64 // the session's count of stops that this one is
}

func (s *session) tracee(t *task) *Tracee { return &Tracee{s, t, s.stops} }

func (t *Tracee) valid() bool { return t.session.stops == t.stop && t.session.inHook }

// TID is the thread's id, PID its thread group's.
func (t *Tracee) TID() int { return t.task.tid }

// PID is the thread group's id.
func (t *Tracee) PID() int { return t.task.proc.tgid }

// Regs reads the general registers.
func (t *Tracee) Regs() (*regs.Regs, error) {
	if !t.valid() {
		return nil, ErrGone
	}
	return regs.Read(t.task.tid)
}

// SetRegs writes the general registers.
func (t *Tracee) SetRegs(r *regs.Regs) error {
	if !t.valid() {
		return ErrGone
	}
	return r.Write(t.task.tid)
}

// Registers gives access to all registers by name: general, vector and debug.
// It must not be used after the hook has returned.
func (t *Tracee) Registers() (*regs.Thread, error) {
	if !t.valid() {
		return nil, ErrGone
	}
	return regs.Of(t.task.tid), nil
}

// Memory is the process's memory.
func (t *Tracee) Memory() (*memory.Space, error) {
	if !t.valid() {
		return nil, ErrGone
	}
	return memory.Of(t.task.tid), nil
}
