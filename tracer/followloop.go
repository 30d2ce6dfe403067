package tracer

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/ptrace"
	"warder/rules"
)

// loop answers stops until every task has ended or been let go.
func (f *follower) loop() error {
	for len(f.tasks) > 0 {
		if f.leave() {
			return nil
		}
		err := f.collect()
		if errors.Is(err, unix.ECHILD) {
			return nil // what is left in the table died without a report of its own
		}
		if err != nil {
			return &Error{"wait4", 0, err}
		}
		for i := range f.events {
			if e := &f.events[i]; e.tid != 0 {
				if err := f.handle(e); err != nil && !errors.Is(err, unix.ESRCH) {
					return err
				}
			}
		}
	}
	return nil
}

// collect waits for an event and takes what else has happened by then: wait4
// looks at tasks in a fixed order, and one that stops again at once would
// always be seen first.
func (f *follower) collect() error {
	options := unix.WALL | wnothread
	f.events = f.events[:0]
	for len(f.events) < maxEvents {
		f.events = append(f.events, event{})
		e := &f.events[len(f.events)-1]
		var err error
		e.tid, err = ptrace.Wait(-1, options, &e.status, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			f.events = f.events[:len(f.events)-1]
			if f.ended.Load() && !f.left {
				return nil
			}
			continue
		case err != nil && options&unix.WNOHANG == 0:
			return err
		case err != nil || e.tid == 0:
			f.events = f.events[:len(f.events)-1]
			return nil
		}
		// A stop that its task has left again: it was killed, or is another by
		// now, which took its id in an execve.
		for i := range f.events[:len(f.events)-1] {
			if f.events[i].tid == e.tid {
				f.events[i].tid = 0
			}
		}
		if len(f.tasks) == 1 {
			return nil // there is nobody else
		}
		options |= unix.WNOHANG
	}
	return nil
}

// handle answers one wait status.
func (f *follower) handle(e *event) error {
	w := classify(e.status)
	t := f.tasks[e.tid]
	if w.kind == ExitedDeath || w.kind == SignaledDeath {
		if t != nil {
			f.drop(e.tid)
			f.cfg.Witness.Ended(t.pid, t.tid, unix.WaitStatus(e.status))
		}
		if e.tid == f.root {
			f.result.Status = unix.WaitStatus(e.status)
		}
		return nil
	}
	if t == nil {
		// A child whose first stop came before its parent's event.
		pid, err := groupOf(e.tid)
		if err != nil {
			return err
		}
		t = f.enter(e.tid, pid)
	}
	f.crowd.stopped(len(f.tasks))
	return f.answer(t, w)
}

// answer acts on one stop and resumes the thread.
func (f *follower) answer(t *thread, w wait) error {
	switch w.kind {
	case SeccompStop, SyscallStop:
		return f.syscall(t)
	case SignalStop:
		if !f.signal(t, w.code) {
			return nil // it was killed
		}
		return f.resume(t, w.code)
	case ForkStop:
		return f.forked(t)
	case ExecStop:
		return f.executed(t)
	case GroupStop:
		f.cfg.Witness.Stopped(t.pid, t.tid, w.code)
		if err := ptrace.Listen(t.tid); err != nil {
			return &Error{"PTRACE_LISTEN", t.tid, err}
		}
		return nil
	case EventStop, VforkDoneStop, ExitStop:
		return f.resume(t, 0)
	case UnknownStop, ExitedDeath, SignaledDeath, Notification, stopKinds:
	}
	return &Error{"follow", t.tid, fmt.Errorf("stop of kind %s", w.kind)}
}

// signal tells of a signal that is about to be delivered; false where it was
// overtaken by SIGKILL.
func (f *follower) signal(t *thread, sig int) bool {
	info, err := ptrace.RawSigInfo(t.tid)
	if errors.Is(err, unix.ESRCH) {
		return false
	}
	f.cfg.Witness.Signal(t.pid, t.tid, sig, info)
	return true
}

// syscall is a call's entry or return. The kernel says which.
func (f *follower) syscall(t *thread) error {
	if err := ptrace.GetSyscallInfo(t.tid, &f.info); err != nil {
		return &Error{"PTRACE_GET_SYSCALL_INFO", t.tid, err}
	}
	switch f.info.Op {
	case ptrace.OpEntry, ptrace.OpSeccomp:
		return f.entered(t)
	case ptrace.OpExit:
		if t.lent {
			t.lent = false
			f.crowd.back(t.tid)
		}
		if t.inside {
			t.inside = false
			value, failed := f.info.Exit()
			if failed {
				value = -value
			}
			f.cfg.Witness.Return(t.pid, t.tid, uint64(value), failed)
		}
	default:
		// Not at a call any more, which nothing known makes it.
	}
	return f.resume(t, 0)
}

func (f *follower) entered(t *thread) error {
	arch, _ := abi.ArchOfAudit(f.info.Arch)
	nr := uint32(f.info.Nr)
	if arch == abi.Native() && rules.AffinityCall(arch, nr) {
		t.lent = f.crowd.lend(t.tid, nr)
	}
	t.inside = false
	if f.wants(arch, nr) {
		f.call = rules.Call{Arch: arch, Nr: nr, Args: f.info.Args}
		t.inside = f.cfg.Witness.Enter(t.pid, t.tid, &f.call, nil)
	}
	return f.resume(t, 0)
}

// forked is the parent's side of a new task, which reports its first stop, or
// its death, by itself.
func (f *follower) forked(t *thread) error {
	msg, err := ptrace.EventMsg(t.tid)
	if err != nil {
		return &Error{"PTRACE_GETEVENTMSG", t.tid, err}
	}
	child := int(msg)
	if ptrace.Mine(child) {
		if pid, err := groupOf(child); err == nil {
			f.enter(child, pid)
			f.cfg.Witness.Born(pid, child, t.tid)
		}
	}
	return f.resume(t, 0)
}

// executed is a successful execve. The thread that made it has its process's
// id now, and its own id reports no death.
func (f *follower) executed(t *thread) error {
	msg, err := ptrace.EventMsg(t.tid)
	if err != nil {
		return &Error{"PTRACE_GETEVENTMSG", t.tid, err}
	}
	inside := t.inside
	former := int(msg)
	if former != t.tid {
		if old := f.tasks[former]; old != nil {
			inside = old.inside
			f.drop(former)
		}
	}
	*t = thread{tid: t.tid, pid: t.pid, inside: inside}
	f.cfg.Witness.Executed(t.pid, former)
	return f.resume(t, 0)
}

// resume lets a thread go on to what is to be seen next: every call, or, with
// a filter, what that stops and the return of a call that was told of.
func (f *follower) resume(t *thread, sig int) error {
	if f.filter == nil || t.inside || t.lent {
		if err := ptrace.Syscall(t.tid, sig); err != nil {
			return &Error{"PTRACE_SYSCALL", t.tid, err}
		}
		return nil
	}
	if err := ptrace.Cont(t.tid, sig); err != nil {
		return &Error{"PTRACE_CONT", t.tid, err}
	}
	return nil
}
