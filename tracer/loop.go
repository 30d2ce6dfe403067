package tracer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/rules"
)

// begin lets the program run its first instruction.
func (s *session) begin() error {
	t := s.tasks[s.root]
	if s.cfg.Engine == Strict {
		if err := s.enterStrict(t); err != nil {
			return err
		}
	}
	if err := s.secret(t.proc); err != nil {
		return err
	}
	if err := s.hideVDSO(t); err != nil {
		return err
	}
	if err := s.enterImage(t.proc, s.static()); err != nil {
		return err
	}
	if s.cfg.Hooks.Entry != nil {
		s.inHook = true
		s.cfg.Hooks.Entry(s.tracee(t))
		s.inHook = false
	}
	s.traceStart(t)
	switch {
	case s.cfg.Engine == Seccomp || s.notified:
		return s.detach(t)
	case s.cfg.Engine == Strict:
		s.placement.over() // no stops come
	}
	return s.resume(t, 0)
}

// loop answers stops until nothing of the session is left. It collects what
// has happened before it answers any of it: wait4 looks at tasks in a fixed
// order, and one that stops again at once would always be seen first.
func (s *session) loop() error {
	if s.notified {
		if err := s.serve(); err != nil {
			s.fail(err)
		}
	}
	for len(s.tasks) > 0 {
		err := s.next()
		if errors.Is(err, unix.ECHILD) {
			// Everything is dead, the stub too: what is left in the table died
			// without a report of its own.
			for _, p := range s.procs {
				s.dropProcess(p)
			}
			clear(s.tasks)
			s.worker.stub.Dead()
			s.worker.closeStub()
			return nil
		}
		if err != nil {
			return &Error{"wait4", 0, err}
		}
		for i := range s.events {
			if e := &s.events[i]; e.tid != 0 {
				if err := s.handle(e); err != nil {
					s.fail(err)
				}
			}
		}
	}
	return nil
}

// handle answers one wait status.
func (s *session) handle(e *event) error {
	tid, w := e.tid, classify(e.status)
	if stub := s.worker.stub; stub.Owns(tid) {
		if w.kind == ExitedDeath || w.kind == SignaledDeath {
			stub.Reaped(tid)
			s.retire = true
		}
		return nil // a stop of the stub can wait for the next launch
	}
	if w.kind == ExitedDeath || w.kind == SignaledDeath {
		s.died(e, w)
		return nil
	}
	s.stops++
	var began time.Time
	if s.cfg.Observer != nil {
		began = time.Now()
	}
	t := s.tasks[tid]
	if t == nil {
		// A child whose first stop came before its parent's event: adopted
		// at once. Waiting for the event could be for ever.
		tgid, err := procfs.TGID(tid)
		if errors.Is(err, unix.ESRCH) {
			return nil // killed meanwhile; its death is reported next
		}
		if err != nil {
			// It cannot be supervised (no descriptor to be had, say), so it
			// must not run. The id is its own: it has not been reaped.
			_ = unix.Kill(tid, unix.SIGKILL)
			return fmt.Errorf("new task %d: %w", tid, err)
		}
		t = s.adopt(tid, tgid)
		s.placement.joined(tid)
		if err := s.insideRoot(t); err != nil {
			return err
		}
	}
	s.placement.stopped(tid)
	err := s.answer(t, w)
	if s.cfg.Observer != nil {
		s.cfg.Observer.Stop(w.kind, time.Since(began))
	}
	if errors.Is(err, unix.ESRCH) {
		return nil // killed meanwhile, at whatever request it was
	}
	return err
}

// answer acts on one stop and resumes the tracee.
func (s *session) answer(t *task, w wait) error {
	if w.kind == ExitStop {
		return s.exitStop(t) // it is dying: SIGKILL does not get it out of this stop
	}
	if s.killing || s.budget.hasEnded() {
		return s.put(t)
	}
	t.clean = w.kind == EventStop || w.kind == SignalStop || w.kind == GroupStop
	t.entry = w.kind == SeccompStop
	t.vforked = false
	switch w.kind {
	case SeccompStop:
		return s.seccompStop(t)
	case SyscallStop:
		return s.syscallStop(t)
	case SignalStop:
		return s.signalStop(t, w.code)
	case ForkStop:
		t.vforked = w.code == unix.PTRACE_EVENT_VFORK
		return s.forkStop(t)
	case ExecStop:
		return s.execStop(t)
	case GroupStop:
		if tr := s.cfg.Trace; tr != nil && !s.gathering {
			tr.Witness.Stopped(t.proc.tgid, t.tid, w.code)
		}
		return s.listen(t)
	case EventStop, VforkDoneStop:
		return s.resume(t, 0)
	case UnknownStop, ExitedDeath, SignaledDeath, ExitStop, Notification, stopKinds:
	}
	s.fail(fmt.Errorf("thread %d: stop of an unknown kind", t.tid))
	return s.put(t)
}

// put ends a tracee that stopped while the session is being killed. It is not
// resumed: SIGKILL gets it out of its stop.
func (s *session) put(t *task) error {
	if err := unix.Tgkill(t.proc.tgid, t.tid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return &Error{"tgkill", t.tid, err}
	}
	return nil
}

// listen leaves a tracee in its group-stop: PTRACE_CONT would undo it.
func (s *session) listen(t *task) error {
	if s.gathering {
		return s.park(t, 0, true)
	}
	if err := ptrace.Listen(t.tid); err != nil {
		return &Error{"PTRACE_LISTEN", t.tid, err}
	}
	return nil
}

// resume continues a tracee, to the next entry or exit of a call where one is
// wanted.
func (s *session) resume(t *task, sig int) error {
	if s.gathering {
		if !s.mustGoOn(t) {
			return s.park(t, sig, false)
		}
		if err := interrupt(t.tid); err != nil {
			return err
		}
	}
	if s.cfg.Engine == Ptrace || t.wantExit {
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

// fail ends the session for a failure of the supervisor.
func (s *session) fail(err error) {
	s.log(zapcore.ErrorLevel, "session failed: "+err.Error(), nil)
	s.budget.end(Failed, err.Error())
}

// signalStop delivers a signal, but for the breakpoint at the entry point.
func (s *session) signalStop(t *task, sig int) error {
	switch unix.Signal(sig) {
	case unix.SIGTRAP:
		if s.returned(t) {
			return nil
		}
		if hit, err := s.breakpoint(t); hit || err != nil {
			return err
		}
	case unix.SIGSTOP:
		if rung, err := s.rung(t); err != nil {
			return err
		} else if rung {
			return s.resume(t, 0)
		}
	case unix.SIGSEGV:
		if done, err := s.timeStamp(t); done || err != nil {
			return err
		}
	case unix.SIGSYS:
		// Handled, it is over with: what the kernel kills for later is another.
		t.proc.sigsys = fatal(t.tid, unix.SIGSYS)
	}
	if tr := s.cfg.Trace; tr != nil {
		info, err := ptrace.RawSigInfo(t.tid)
		if err != nil {
			return &Error{"PTRACE_GETSIGINFO", t.tid, err}
		}
		tr.Witness.Signal(t.proc.tgid, t.tid, sig, info)
	}
	if s.cfg.Hooks.Event != nil && slices.Contains(s.cfg.Watch.Signals, sig) {
		return s.tell(t, sig, &Event{Kind: SignalEvent, Signal: sig}, nil)
	}
	return s.resume(t, sig)
}

// fatal reports whether a signal's delivery will end the process: it is
// neither caught nor ignored.
func fatal(tid int, sig unix.Signal) bool {
	caught, err := procfs.Caught(tid)
	return err == nil && caught&(1<<(sig-1)) == 0
}

// exitStop is asked for under the strict engine only, where the kernel kills
// with a bare SIGKILL: the registers still show the call.
func (s *session) exitStop(t *task) error {
	if s.cfg.Engine == Strict {
		s.strictExit(t)
	}
	return s.resume(t, 0)
}

// enterImage sets a process's stage for a new image. A program with a loader
// is in its loader stage until its entry point; without rules for stages, or
// without a loader, the main stage begins at once.
func (s *session) enterImage(p *process, static bool) error {
	p.imaged, p.main, p.entry = true, true, 0
	if !s.policy.staged && !s.rootWaits && !s.seals() && !s.cfg.Watch.Entry || static && !s.cfg.Watch.Entry || s.cfg.Engine == Strict || s.cfg.Engine == Seccomp {
		return nil
	}
	back := s.asHeld()
	aux, err := procfs.Auxv(p.tgid)
	back()
	if err != nil {
		if errors.Is(err, unix.ESRCH) {
			return nil
		}
		if s.seals() {
			return &Error{"read the auxiliary vector", p.tgid, err}
		}
		// A program that may not be read cannot be given a loader stage; its
		// loader then fails on its first open. That is the safe way round.
		s.unavailable("loader stage", err.Error())
		return s.enterMain(s.tasks[p.tgid])
	}
	base, _ := procfs.AuxValue(aux, procfs.AtBase)
	entry, ok := procfs.AuxValue(aux, procfs.AtEntry)
	switch {
	case s.seals() && !ok:
		return &Error{"find the entry point", p.tgid, procfs.ErrMalformed}
	case !s.seals() && !s.cfg.Watch.Entry && (base == 0 || !ok):
		return s.enterMain(s.tasks[p.tgid]) // it has no loader
	}
	return s.setBreakpoint(p, entry)
}

func (s *session) stage(p *process) rules.Stage {
	if p.main {
		return rules.Main
	}
	return rules.Loader
}
