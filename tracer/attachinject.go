package tracer

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/regs"
)

// Inject has a thread make calls, in order, and fills in their results, with
// every other thread stopped. Afterwards the thread is as before, but for what
// the calls did. The error says that the calls could not be made; a call that
// fails is its result.
//
// A process with a seccomp filter is refused: the filter might kill it for a
// call. The first bytes of the program's entry point are changed meanwhile, or
// those of the instruction that the thread is at.
func (s *Stopped) Inject(tid int, calls []Call) error {
	if !s.valid.Load() {
		return &Error{"inject", tid, ErrGone}
	}
	sig, ok := s.hold.threads[tid]
	if !ok {
		return &Error{"inject", tid, ErrGone}
	}
	var st procfs.Status
	if err := procfs.ReadStatus(tid, &st); err != nil {
		return err
	}
	if st.Seccomp != 0 {
		return &Error{"inject", tid, fmt.Errorf("the process has a seccomp filter: %w", errors.ErrUnsupported)}
	}
	g := &guest{tid: tid, signal: sig}
	if err := g.begin(); err != nil {
		return err
	}
	err := g.makeAll(calls)
	if e := g.end(); err == nil {
		err = e
	}
	return err
}

// guest is a thread of an attached process that makes calls for us.
type guest struct {
	tid    int
	at     uint64
	word   uint64
	regs   regs.Regs
	mask   uint64
	signal int
	info   ptrace.SigInfo
}

func (g *guest) begin() error {
	if err := regs.ReadInto(g.tid, &g.regs); err != nil {
		return err
	}
	if g.at = entryOf(g.tid); g.at == 0 {
		g.at = g.regs.PC()
	}
	var err error
	if g.mask, err = ptrace.SigMask(g.tid); err != nil {
		return &Error{"PTRACE_GETSIGMASK", g.tid, err}
	}
	if g.signal != 0 {
		if err = ptrace.GetSigInfo(g.tid, &g.info); err != nil {
			return &Error{"PTRACE_GETSIGINFO", g.tid, err}
		}
	}
	if g.word, err = ptrace.PeekData(g.tid, uintptr(g.at)); err != nil {
		return &Error{"PTRACE_PEEKDATA", g.tid, err}
	}
	mask := uint64(1)<<bits.Len64(injected) - 1
	if err = ptrace.PokeData(g.tid, uintptr(g.at), g.word&^mask|injected); err != nil {
		return &Error{"PTRACE_POKEDATA", g.tid, err}
	}
	if err = ptrace.SetSigMask(g.tid, ^uint64(0)); err != nil {
		return &Error{"PTRACE_SETSIGMASK", g.tid, err}
	}
	return nil
}

func (g *guest) makeAll(calls []Call) error {
	for i := range calls {
		c := &calls[i]
		r := g.regs
		loadCall(&r, g.at, c.Nr, c.Args)
		if err := r.Write(g.tid); err != nil {
			return err
		}
		if err := g.run(); err != nil {
			return err
		}
		if err := regs.ReadInto(g.tid, &r); err != nil {
			return err
		}
		if pc := r.PC(); pc != g.at+injectedLen {
			return &Error{"inject", g.tid, fmt.Errorf("the call went on at %#x", pc)}
		}
		c.Result = callResult(&r)
	}
	return nil
}

// run resumes the thread until it is behind the call.
func (g *guest) run() error {
	const patience = 5 * time.Second
	for deadline := time.Now().Add(patience); ; {
		if err := ptrace.Cont(g.tid, 0); err != nil {
			return &Error{"PTRACE_CONT", g.tid, err}
		}
		var status uint32
		for {
			tid, err := ptrace.Wait(g.tid, unix.WALL|wnothread|unix.WNOHANG, &status, nil)
			if err != nil && !errors.Is(err, unix.EINTR) {
				return &Error{"wait4", g.tid, err}
			}
			if tid == g.tid {
				break
			}
			if time.Now().After(deadline) {
				return &Error{"inject", g.tid, unix.ETIMEDOUT}
			}
			yield()
		}
		switch w := classify(status); {
		case w.kind == SignalStop && unix.Signal(w.code) == unix.SIGTRAP && kernelSent(g.tid):
			return nil
		case w.kind == EventStop, w.kind == GroupStop:
		case w.kind == SignalStop && unix.Signal(w.code) == unix.SIGSTOP:
			// No mask holds it. Sent again, it stops the process when that is let go.
			_ = unix.Kill(g.tid, unix.SIGSTOP)
			return &Error{"inject", g.tid, errors.New("the process was stopped meanwhile")}
		case w.kind == ExitedDeath, w.kind == SignaledDeath:
			return &Error{"inject", g.tid, unix.ESRCH}
		default:
			return &Error{"inject", g.tid, fmt.Errorf("a stop of kind %s instead of the call", w.kind)}
		}
	}
}

func (g *guest) end() error {
	if err := ptrace.PokeData(g.tid, uintptr(g.at), g.word); err != nil {
		return &Error{"PTRACE_POKEDATA", g.tid, err}
	}
	if err := g.regs.Write(g.tid); err != nil {
		return err
	}
	if err := ptrace.SetSigMask(g.tid, g.mask); err != nil {
		return &Error{"PTRACE_SETSIGMASK", g.tid, err}
	}
	if g.signal != 0 {
		if err := ptrace.SetSigInfo(g.tid, &g.info); err != nil {
			return &Error{"PTRACE_SETSIGINFO", g.tid, err}
		}
	}
	return nil
}

// entryOf is the entry point of a thread's program, or 0 where nothing is
// mapped there any more.
func entryOf(tid int) uint64 {
	aux, err := procfs.Auxv(tid)
	if err != nil {
		return 0
	}
	entry, ok := procfs.AuxValue(aux, procfs.AtEntry)
	if !ok {
		return 0
	}
	if _, err := ptrace.PeekData(tid, uintptr(entry)); err != nil {
		return 0
	}
	return entry
}
