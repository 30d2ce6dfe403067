package unwind

import (
	"bytes"
	"debug/elf"

	"warder/regs"
)

const machine = elf.EM_AARCH64

// DWARF numbers of arm64's registers (DWARF for the Arm 64-bit architecture,
// table 2). The program counter has none of its own.
const (
	regSP = 31
	regFP = 29
	regLR = 30
	regPC = -1

	entryCFA = 0 // of the CFA to the stack pointer, at a function's entry
)

// fromRegs gives the registers their DWARF numbers.
func fromRegs(r *regs.Regs) state {
	var s state
	for n, v := range r.X {
		s.set(n, v)
	}
	s.set(regSP, r.Sp)
	s.pc = r.Pc
	return s
}

// supported says why a thread's stack cannot be read.
func supported(r *regs.Regs) string {
	const mode32 = 1 << 4 // PSR_MODE32_BIT
	if r.Pstate&mode32 != 0 {
		return "the thread runs 32-bit code"
	}
	return ""
}

// inSigreturn is not known: the number of a call is no register here.
func inSigreturn(*regs.Regs) bool { return false }

// unsigned takes the signature off a return address (pointer authentication):
// user addresses have 48 bits, unless a program asks for 52.
func unsigned(ra uint64) uint64 { return ra & (1<<48 - 1) }

// restorer is the vDSO's: mov x8, #139 (rt_sigreturn); svc #0.
var restorer = []byte{0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4}

// trampoline says that the next thing that the frame does is rt_sigreturn.
func (s *state) trampoline() bool {
	var b [8]byte
	for _, done := range [...]uint64{0, 4} {
		if s.mem.bytes(s.pc-done, b[:]) && bytes.Equal(b[:], restorer) {
			return true
		}
	}
	return false
}

// The kernel stores the registers in struct sigcontext, behind siginfo and the
// head of struct ucontext (arch/arm64/kernel/signal.c, struct rt_sigframe).
const contextOffset = 128 + 176 + 8

// interrupted reads what a signal interrupted.
func (s *state) interrupted() (caller state, ok bool) {
	caller = state{mem: s.mem}
	for n := range regSP + 2 { // x0 to x30, sp, pc
		v, ok := s.mem.load(s.sp()+contextOffset+8*uint64(n), 8)
		if !ok {
			return state{}, false
		}
		if n == regSP+1 {
			caller.pc = v
		} else {
			caller.set(n, v)
		}
	}
	return caller, true
}

// called says that the instruction before an address is bl or blr.
func (s *state) called(ra uint64) bool {
	op, ok := s.mem.load(ra-4, 4)
	return ok && (op>>26 == 0x25 || op&0xfffffc1f == 0xd63f0000)
}

// guess finds the caller of code that nothing is known about.
func (s *state) guess(first bool, entry uint64, executable func(uint64) bool) (caller state, cfa uint64, how How, reason string) {
	if lr, ok := s.Reg(regLR); first && ok && (s.pc == entry || !executable(s.pc)) && executable(unsigned(lr)) && s.called(unsigned(lr)) {
		caller = *s
		caller.pc = unsigned(lr)
		return caller, s.sp(), ByStack, ""
	}
	fp, known := s.Reg(regFP)
	if known && fp%8 == 0 && fp >= s.sp() {
		next, ok1 := s.mem.load(fp, 8)
		lr, ok2 := s.mem.load(fp+8, 8)
		if lr = unsigned(lr); ok1 && ok2 && executable(lr) && s.called(lr) {
			caller = *s
			caller.pc = lr
			caller.set(regFP, next)
			caller.set(regLR, lr)
			caller.set(regSP, fp+16)
			return caller, fp + 16, ByPointer, ""
		}
	}
	return state{}, 0, "", "no unwind information for this code, and no frame pointer"
}

// goCaller leaves a Go function whose stack pointer is depth below its value
// at the entry: a frame's lowest word is the return address.
func (s *state) goCaller(depth uint64) (caller state, cfa uint64, ok bool) {
	cfa = s.sp() + depth
	caller = *s
	if depth == 0 {
		caller.pc, ok = s.Reg(regLR)
	} else {
		caller.pc, ok = s.mem.load(s.sp(), 8)
		if fp, ok := s.mem.load(s.sp()-8, 8); ok {
			caller.set(regFP, fp)
		}
	}
	caller.set(regLR, caller.pc)
	caller.set(regSP, cfa)
	return caller, cfa, ok
}

// beyond follows the frame pointer to another stack, past the function that it
// belongs to.
func (s *state) beyond(executable func(uint64) bool) (state, bool) {
	fp, known := s.Reg(regFP)
	next, ok1 := s.mem.load(fp, 8)
	lr, ok2 := s.mem.load(fp+8, 8)
	if !known || !ok1 || !ok2 || fp%8 != 0 || !executable(lr) || !s.called(lr) {
		return state{}, false
	}
	caller := *s
	caller.pc = lr
	caller.set(regFP, next)
	caller.set(regLR, lr)
	caller.set(regSP, fp+16)
	return caller, true
}
