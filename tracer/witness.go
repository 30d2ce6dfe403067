package tracer

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/rules"
)

// Witness is told what a traced program does, in the order in which the
// supervisor sees it. Every method is called on the session's thread while the
// thread that it is about stands still, Born's parent and not its child, and
// Ended's no longer there at all. Memory is read with memory.Of(tid) and
// registers with regs.Of(tid), before the method returns; no method may block.
//
// What is read through a call's pointers is for people: another thread can
// change it before the kernel reads it.
type Witness interface {
	// Enter is called before a call. It tells whether Return is to be called
	// for it, which may cost a second stop. v is nil where no policy decides.
	Enter(pid, tid int, c *rules.Call, v *rules.Verdict) (toReturn bool)
	// Return is called after a call that Enter was called for: with the value
	// returned, or, where failed, with the positive error number, which may be
	// one of the kernel's own (ERESTARTSYS, 512, and its like). It does not
	// come for a call that does not return: exit, a kill, rt_sigreturn on some
	// architectures.
	Return(pid, tid int, value uint64, failed bool)
	// Signal is called before a signal is delivered, with its siginfo_t as the
	// kernel keeps it for the native architecture (128 bytes), or nil where a
	// SIGKILL was faster.
	Signal(pid, tid, signal int, siginfo []byte)
	// Stopped is called when a job control signal has stopped a thread.
	Stopped(pid, tid, signal int)
	// Born is called for a new thread, or a new process where pid is tid.
	Born(pid, tid, parent int)
	// Executed is called when an execve has succeeded, before its Return. The
	// thread that made it, former, has its process's id from now on; the other
	// threads of the process end without a call of Ended.
	Executed(pid, former int)
	// Ended is called when a thread, or a process where pid is tid, is gone.
	Ended(pid, tid int, status unix.WaitStatus)
}

// Tracing says what a session tells a witness of. It is for engines that stop:
// Hybrid and Ptrace. What the kernel ends a program for without a stop, calls
// of foreign architectures, it cannot tell.
type Tracing struct {
	Calls   []string // by name; nil: all
	Witness Witness
}

// calls are those that have to stop.
func (t *Tracing) calls() []string {
	switch {
	case t == nil:
		return nil
	case t.Calls == nil:
		return abi.Native().Names()
	}
	return t.Calls
}

// checkTrace says what cannot be traced, and prepares the rest.
func (s *session) checkTrace() error {
	t := s.cfg.Trace
	if t == nil {
		return nil
	}
	switch {
	case s.cfg.Engine == Seccomp || s.cfg.Engine == Strict:
		return fmt.Errorf("a trace needs stops, and the %s engine makes none for it", s.cfg.Engine)
	case t.Witness == nil:
		return errors.New("a trace without a Witness")
	}
	native := abi.Native()
	for _, name := range t.calls() {
		if _, ok := native.Number(name); !ok {
			return fmt.Errorf("no call %q on %s", name, native)
		}
	}
	s.traced = numbers(native, t.calls())
	return nil
}

// traces reports whether the call at hand is one that the witness is told of.
func (s *session) traces() bool {
	return s.cfg.Trace != nil && s.call.Arch == abi.Native() && int(s.call.Nr) < len(s.traced) && s.traced[s.call.Nr]
}

// traceEntry tells of a call that was decided. One that was put back for calls
// of ours has been told of.
func (s *session) traceEntry(t *task, v rules.Verdict) {
	if t.seen || !s.traces() {
		return
	}
	s.verdict = v // a local one would be allocated
	returns := s.cfg.Trace.Witness.Enter(t.proc.tgid, t.tid, &s.call, &s.verdict)
	t.inside = returns && v.Action.Kind != rules.Kill
	t.wantExit = t.wantExit || t.inside
}

// traceExit tells of its return.
func (s *session) traceExit(t *task) {
	if !t.inside {
		return
	}
	t.inside = false
	value, failed := s.info.Exit()
	if failed {
		value = -value
	}
	s.cfg.Trace.Witness.Return(t.proc.tgid, t.tid, uint64(value), failed)
}

// traceStart tells of the execve that the program began by.
func (s *session) traceStart(t *task) {
	nr, _ := abi.Native().Number("execve")
	if s.cfg.Trace == nil || int(nr) >= len(s.traced) || !s.traced[nr] {
		return
	}
	if c, ok := firstCall(t.tid); ok {
		if s.cfg.Trace.Witness.Enter(t.proc.tgid, t.tid, &c, nil) {
			s.cfg.Trace.Witness.Return(t.proc.tgid, t.tid, 0, false)
		}
	}
}
