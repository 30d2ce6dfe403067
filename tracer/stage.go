package tracer

import (
	"errors"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/regs"
)

// The entry point's breakpoint: int3 over its first byte. The program can
// find and remove it in its loader stage, from a constructor or an interpreter
// of its own; it then stays in that stage, which is safe by itself and only
// means that an open of what Landlock permits is still allowed.
const (
	int3        = 0xcc
	siKernel    = 0x80 // SI_KERNEL: int3 was executed, nobody sent the signal
	trapBranch  = 1    // TRAP_BRKPT, as arm64 says it
	int3Length  = 1
	lowByteMask = 0xff
)

func (s *session) setBreakpoint(p *process, entry uint64) error {
	word, err := ptrace.PeekData(p.tgid, uintptr(entry))
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil || word&lowByteMask == int3 {
		// An entry point that is not mapped faults by itself, and one that is
		// an int3 already would be taken for ours for ever.
		return nil
	}
	if err := ptrace.PokeData(p.tgid, uintptr(entry), word&^lowByteMask|int3); err != nil {
		if errors.Is(err, unix.ESRCH) {
			return nil
		}
		return &Error{"PTRACE_POKEDATA at the entry point", p.tgid, err}
	}
	p.main, p.entry, p.entryWord = false, entry, word
	return nil
}

// breakpoint takes a SIGTRAP that is the entry point's: the word is put back,
// the thread is put before it, and the main stage begins.
func (s *session) breakpoint(t *task) (hit bool, err error) {
	p := t.proc
	if p.imaged && (p.entry == 0 || p.main) {
		return false, nil // there is none, or it has been: the SIGTRAP is the program's
	}
	var info ptrace.SigInfo
	if err := ptrace.GetSigInfo(t.tid, &info); err != nil {
		return true, &Error{"PTRACE_GETSIGINFO", t.tid, err}
	}
	if info.Code != siKernel && info.Code != trapBranch {
		return false, nil
	}
	r, err := regs.Read(t.tid)
	if err != nil {
		return true, err
	}
	if !p.imaged {
		s.findParent(p, r.PC()-int3Length)
	}
	if p.entry == 0 || r.PC() != p.entry+int3Length {
		return false, nil
	}
	if err := ptrace.PokeData(t.tid, uintptr(p.entry), p.entryWord); err != nil {
		return true, &Error{"PTRACE_POKEDATA at the entry point", t.tid, err}
	}
	if err := ptrace.SetIP(t.tid, p.entry); err != nil {
		return true, &Error{"set instruction pointer", t.tid, err}
	}
	if err := s.enterMain(t); err != nil {
		return true, err
	}
	if s.cfg.Watch.Entry {
		return true, s.tell(t, 0, &Event{Kind: EntryEvent}, nil)
	}
	return true, s.resume(t, 0)
}

// findParent makes up for a process that has come to the breakpoint before its
// parent's stop told whose child it is: it runs from its birth on, and the
// parent may be kept from reporting it (kernel_clone, kernel/fork.c).
func (s *session) findParent(p *process, at uint64) {
	for _, q := range s.procs {
		if q.imaged && q.entry == at && at != 0 {
			p.inherit(q)
			return
		}
	}
}
