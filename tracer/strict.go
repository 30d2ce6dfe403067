package tracer

import (
	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/decode"
	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
)

// enterStrict puts a program that has not begun into seccomp mode 1. It must
// happen after execve, which mode 1 forbids, and before the program's first
// instruction: a prctl is made at the entry point.
func (s *session) enterStrict(t *task) error {
	// Out of execve first: its return would overwrite the registers.
	if err := ptrace.Interrupt(t.tid); err != nil {
		return &Error{"PTRACE_INTERRUPT", t.tid, err}
	}
	for stopped := false; !stopped; {
		if err := ptrace.Cont(t.tid, 0); err != nil {
			return &Error{"PTRACE_CONT", t.tid, err}
		}
		w, err := s.await(t)
		if err != nil {
			return err
		}
		stopped = w.kind == EventStop
	}
	// The kernel ends a mode 1 violation with SIGKILL and no signal-stop.
	// Only the exit-stop still shows the registers, and so the call. Its
	// price (a killed tracee waits for us) is bounded here: one thread.
	if err := ptrace.SetOptions(t.tid, ptrace.SessionOptions|unix.PTRACE_O_TRACEEXIT); err != nil {
		return &Error{"PTRACE_SETOPTIONS", t.tid, err}
	}
	r, err := regs.Read(t.tid)
	if err != nil {
		return err
	}
	in, err := s.inject(t, r.PC())
	if err != nil {
		return err
	}
	ret, err := in.call(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_STRICT)
	if err != nil {
		return err
	}
	if ret != 0 {
		return &Error{"prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)", t.tid, unix.Errno(-ret)}
	}
	return in.end()
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
