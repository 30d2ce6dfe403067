package tracer

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
)

// injection makes calls in a stopped task, as its own. The task must be where
// it would go on in user mode, in a signal-delivery-stop or an event-stop, and
// every other task that shares its memory must be stopped as well: it could
// change what the calls point to.
//
// The seccomp programs see the calls. Those of a launch pass by the stub's key,
// which is in a register only, and only while nobody else runs.
type injection struct {
	s    *session
	t    *task
	at   uint64 // where the instruction is
	word uint64 // what was there
	regs regs.Regs
	mask uint64 // of blocked signals

	stopped bool           // a SIGSTOP came meanwhile, or had come
	trusted bool           // a seccomp-stop of the call is let pass
	info    ptrace.SigInfo // of the signal that the task is about to get
}

// An injectError says that the program kept a call from being made in it.
type injectError struct{ what string }

func (e *injectError) Error() string { return e.what }

// inject begins an injection at an address that is mapped for execution, 0 for
// where the task is. end must follow.
func (s *session) inject(t *task, at uint64) (*injection, error) {
	in := &injection{s: s, t: t, at: at}
	if err := regs.ReadInto(t.tid, &in.regs); err != nil {
		return nil, err
	}
	var err error
	if t.entry {
		if err = beforeCall(&in.regs); err != nil {
			return nil, &Error{"inject a call", t.tid, err}
		}
	}
	if t.signal != 0 && t.parked {
		if err = ptrace.GetSigInfo(t.tid, &in.info); err != nil {
			return nil, &Error{"PTRACE_GETSIGINFO", t.tid, err}
		}
	}
	if in.at == 0 {
		in.at, at = in.regs.PC(), in.regs.PC()
	}
	if in.mask, err = ptrace.SigMask(t.tid); err != nil {
		return nil, &Error{"PTRACE_GETSIGMASK", t.tid, err}
	}
	if in.word, err = ptrace.PeekData(t.tid, uintptr(at)); err != nil {
		return nil, in.unreachable("PTRACE_PEEKDATA", err)
	}
	mask := uint64(1)<<bits.Len64(injected) - 1
	if err := ptrace.PokeData(t.tid, uintptr(at), in.word&^mask|injected); err != nil {
		return nil, in.unreachable("PTRACE_POKEDATA", err)
	}
	if t.entry {
		// The call that it was stopped before is made anew afterwards, and told
		// of once.
		t.entry, t.clean, t.seen = false, true, t.held
	}
	if t.listen { // any call undoes a group-stop
		t.listen, in.stopped = false, true
	}
	// A signal would be delivered before the call is made.
	if err := ptrace.SetSigMask(t.tid, ^uint64(0)); err != nil {
		return nil, &Error{"PTRACE_SETSIGMASK", t.tid, err}
	}
	return in, nil
}

// unreachable tells memory that the program does not have from a failure.
func (in *injection) unreachable(op string, err error) error {
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.EFAULT) {
		return &injectError{fmt.Sprintf("no memory at %#x", in.at)}
	}
	return &Error{op, in.t.tid, err}
}

// call makes one call and gives what the kernel returned: a negative errno, or
// the result.
func (in *injection) call(nr uint64, args ...uint64) (int64, error) {
	r := in.regs
	var all [6]uint64
	copy(all[:], args)
	loadCall(&r, in.at, nr, all)
	if err := r.Write(in.t.tid); err != nil {
		return 0, err
	}
	if err := in.run(); err != nil {
		return 0, err
	}
	if err := regs.ReadInto(in.t.tid, &r); err != nil {
		return 0, err
	}
	if pc := r.PC(); pc != in.at+injectedLen {
		return 0, &injectError{fmt.Sprintf("the call went on at %#x", pc)}
	}
	return callResult(&r), nil
}

// run resumes the task until it is behind the call.
func (in *injection) run() error {
	tid := in.t.tid
	for {
		if err := ptrace.Cont(tid, 0); err != nil {
			return &Error{"PTRACE_CONT", tid, err}
		}
		w, err := in.s.await(in.t)
		if err != nil {
			return err
		}
		switch w.kind {
		case EventStop, GroupStop, VforkDoneStop:
			continue // of a PTRACE_INTERRUPT, or a SIGSTOP, that came before
		case SignalStop:
			if unix.Signal(w.code) == unix.SIGSTOP { // no mask holds it
				rung, err := in.s.answerBell(in.t)
				if err != nil {
					return err
				}
				in.stopped = in.stopped || !rung
				continue
			}
			if unix.Signal(w.code) == unix.SIGTRAP && kernelSent(tid) {
				return nil
			}
			return &injectError{"signal " + unix.SignalName(unix.Signal(w.code)) + " instead of the call"}
		case ForkStop:
			msg, err := ptrace.EventMsg(tid)
			if err != nil {
				return &Error{"PTRACE_GETEVENTMSG", tid, err}
			}
			in.s.born = int(msg)
		case SeccompStop:
			if in.trusted {
				continue
			}
			return &injectError{"a seccomp filter of the program's own stopped the call"}
		default:
			return &injectError{"a stop of kind " + w.kind.String() + " instead of the call"}
		}
	}
}

// kernelSent reports whether the signal that tid is stopped for comes from the
// kernel itself: an instruction, and no process.
func kernelSent(tid int) bool {
	var info ptrace.SigInfo
	return ptrace.GetSigInfo(tid, &info) == nil && info.Code > 0
}

// end puts everything back as it was.
func (in *injection) end() error {
	tid := in.t.tid
	if err := ptrace.PokeData(tid, uintptr(in.at), in.word); err != nil {
		return &Error{"PTRACE_POKEDATA", tid, err}
	}
	if err := in.regs.Write(tid); err != nil {
		return err
	}
	if err := ptrace.SetSigMask(tid, in.mask); err != nil {
		return &Error{"PTRACE_SETSIGMASK", tid, err}
	}
	if in.info.Signo != 0 {
		if err := ptrace.SetSigInfo(tid, &in.info); err != nil {
			return &Error{"PTRACE_SETSIGINFO", tid, err}
		}
	}
	if in.stopped {
		if err := unix.Tgkill(in.t.proc.tgid, tid, unix.SIGSTOP); err != nil {
			return &Error{"tgkill", tid, err}
		}
	}
	return nil
}

// scratch lends memory below the task's stack, where nothing of it is alive,
// and gives it back.
func (in *injection) scratch(data func(at uint64) []byte, f func(at uint64) error) error {
	const clear = 1024 // more than the red zone, and than what a signal frame begins with
	size := uint64(len(data(0)))
	at := (in.regs.SP() - clear - size) &^ 15
	space := memory.Of(in.t.tid)
	old := make([]byte, size)
	if _, err := space.ReadAt(old, int64(at)); err != nil {
		return in.noStack(err)
	}
	if _, err := space.WriteAt(data(at), int64(at)); err != nil {
		return in.noStack(err)
	}
	if err := f(at); err != nil {
		return err
	}
	if _, err := space.WriteAt(old, int64(at)); err != nil {
		return in.noStack(err)
	}
	return nil
}

func (in *injection) noStack(err error) error {
	if errors.Is(err, unix.EFAULT) {
		return &injectError{fmt.Sprintf("no stack below %#x", in.regs.SP())}
	}
	return err
}

// await waits for the next stop of one task. What happens to others meanwhile
// is kept for the loop: waiting for one alone could be for ever, for a leader
// is not reaped before its threads are.
func (s *session) await(t *task) (wait, error) {
	for {
		var e event
		if i := slices.IndexFunc(s.late, func(e event) bool { return e.tid == t.tid }); i >= 0 {
			e = s.late[i] // it had come first
			s.late = slices.Delete(s.late, i, i+1)
		} else if err := s.wait(&e, unix.WALL|wnothread); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return wait{}, &Error{"wait4", t.tid, err}
		}
		w := classify(e.status)
		if e.tid != t.tid {
			s.postpone(e)
			continue
		}
		if w.kind == ExitedDeath || w.kind == SignaledDeath || w.kind == ExitStop {
			s.postpone(e)
			return wait{}, &Error{"wait4", t.tid, unix.ESRCH}
		}
		return w, nil
	}
}

// postpone keeps an event for the loop's next round; the task has left any
// stop that this round has still to answer.
func (s *session) postpone(e event) {
	for i := range s.events {
		if s.events[i].tid == e.tid {
			s.events[i].tid = 0
		}
	}
	s.late = append(s.late, e)
}
