package tracer

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/decode"
	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
)

// enterStrict puts a program that has not begun into seccomp mode 1. It must
// happen after execve, which mode 1 forbids, and before the program's first
// instruction: a prctl is run from the entry point, whose bytes are put back.
func (s *session) enterStrict(t *task) error {
	// Out of execve first: its return would overwrite the registers.
	if err := ptrace.Interrupt(t.tid); err != nil {
		return &Error{"PTRACE_INTERRUPT", t.tid, err}
	}
	if err := s.step(t, EventStop); err != nil {
		return err
	}
	// The kernel ends a mode 1 violation with SIGKILL and no signal-stop.
	// Only the exit-stop still shows the registers, and so the call. Its
	// price (a killed tracee waits for us) is bounded here: one thread.
	if err := ptrace.SetOptions(t.tid, ptrace.SessionOptions|unix.PTRACE_O_TRACEEXIT); err != nil {
		return &Error{"PTRACE_SETOPTIONS", t.tid, err}
	}
	before, err := regs.Read(t.tid)
	if err != nil {
		return err
	}
	at := uintptr(before.PC())
	word, err := ptrace.PeekData(t.tid, at)
	if err != nil {
		return &Error{"PTRACE_PEEKDATA at the entry point", t.tid, err}
	}
	const syscallInt3 = 0xcc050f // 0f 05 cc
	if err := ptrace.PokeData(t.tid, at, word&^0xffffff|syscallInt3); err != nil {
		return &Error{"PTRACE_POKEDATA at the entry point", t.tid, err}
	}
	call := *before
	for name, v := range map[string]uint64{
		"rax": unix.SYS_PRCTL, "rdi": unix.PR_SET_SECCOMP, "rsi": unix.SECCOMP_MODE_STRICT,
		"rdx": 0, "r10": 0, "r8": 0, "orig_rax": ^uint64(0),
	} {
		if err := call.Set(name, v); err != nil {
			return err
		}
	}
	if err := call.Write(t.tid); err != nil {
		return err
	}
	if err := s.step(t, SignalStop); err != nil {
		return err
	}
	after, err := regs.Read(t.tid)
	if err != nil {
		return err
	}
	if r, _ := after.Get("rax"); r != 0 {
		return &Error{"prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)", t.tid, unix.Errno(-r)}
	}
	if err := ptrace.PokeData(t.tid, at, word); err != nil {
		return &Error{"PTRACE_POKEDATA at the entry point", t.tid, err}
	}
	return before.Write(t.tid)
}

// step resumes t until a stop of the given kind, before the program has run.
func (s *session) step(t *task, want StopKind) error {
	for {
		if err := ptrace.Cont(t.tid, 0); err != nil {
			return &Error{"PTRACE_CONT", t.tid, err}
		}
		var status uint32
		_, err := ptrace.Wait(t.tid, unix.WALL, &status, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return &Error{"wait4", t.tid, err}
		}
		w := classify(status)
		switch w.kind {
		case want:
			return nil
		case ExitedDeath, SignaledDeath:
			s.drop(t.tid)
			return &Error{"set up strict mode", t.tid, fmt.Errorf("%w: it died", unix.ESRCH)}
		}
	}
}

// strictExit looks at a dying strict program: one that the kernel killed for
// a call shows its number still.
func (s *session) strictExit(t *task) {
	status, err := ptrace.EventMsg(t.tid)
	if err != nil || classify(uint32(status)).kind != SignaledDeath || status&0x7f != uint64(unix.SIGKILL) {
		return
	}
	if s.killing || s.budget.hasEnded() {
		return
	}
	r, err := regs.Read(t.tid)
	if err != nil {
		return
	}
	nr, ok := r.Get("orig_rax")
	if !ok || int64(nr) < 0 {
		return // killed outside a call: by somebody else
	}
	arch := abi.Native()
	var code [2]byte
	if n, _ := memory.Of(t.tid).ReadAt(code[:], int64(r.PC()-2)); n == 2 && code == [2]byte{0xcd, 0x80} {
		arch = abi.I386
	}
	name, _ := arch.Name(uint32(nr))
	switch name {
	case "read", "write", "exit", "rt_sigreturn", "sigreturn":
		return // allowed: killed by somebody else while in it
	}
	v := &Violation{
		Arch: arch.String(), PID: t.proc.tgid, TID: t.tid, IP: r.PC(),
		Where: s.where(t, r.PC()), Rule: "strict: seccomp mode 1 allows read, write, exit and rt_sigreturn",
	}
	if arch == abi.Native() {
		for i, reg := range [6]string{"rdi", "rsi", "rdx", "r10", "r8", "r9"} {
			v.Args[i], _ = r.Get(reg)
		}
		v.Call = decode.Decode(arch, uint32(nr), v.Args, memory.Of(t.tid), decode.Options{})
	} else {
		v.Arch, v.Call = "foreign", decode.Call{Arch: arch, Nr: uint32(nr), Name: name}
	}
	if s.budget.end(PolicyViolation, "") {
		s.result.Outcome, s.result.Violation = PolicyViolation, v
	}
}
