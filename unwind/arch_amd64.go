package unwind

import (
	"bytes"
	"debug/elf"

	"warder/regs"
)

const machine = elf.EM_X86_64

// DWARF numbers of x86-64's registers (psABI, figure 3.36).
const (
	regSP = 7
	regFP = 6
	regPC = 16 // also the column of the return address

	entryCFA = 8 // of the CFA to the stack pointer, at a function's entry
)

// fromRegs gives the registers their DWARF numbers.
func fromRegs(r *regs.Regs) state {
	var s state
	for n, v := range [...]uint64{
		r.RAX, r.RDX, r.RCX, r.RBX, r.RSI, r.RDI, r.RBP, r.RSP,
		r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14, r.R15, r.RIP,
	} {
		s.set(n, v)
	}
	s.pc = r.RIP
	return s
}

// supported says why a thread's stack cannot be read.
func supported(r *regs.Regs) string {
	if r.Is32() {
		return "the thread runs 32-bit code"
	}
	return ""
}

// inSigreturn says that a thread is in the call that ends a signal handler.
func inSigreturn(r *regs.Regs) bool { return r.OrigRAX == sysRtSigreturn }

// unsigned is for arm64.
func unsigned(ra uint64) uint64 { return ra }

const sysRtSigreturn = 15

// restorers are the instructions that a signal handler returns to: the C
// library's or the Go runtime's, which says so to the kernel with the handler
// (SA_RESTORER). They put the number of rt_sigreturn into rax.
var restorers = [][]byte{
	{0x48, 0xc7, 0xc0, sysRtSigreturn, 0, 0, 0, 0x0f, 0x05}, // mov $15, %rax; syscall
	{0xb8, sysRtSigreturn, 0, 0, 0, 0x0f, 0x05},             // mov $15, %eax; syscall
}

// trampoline says that the next thing that the frame does is rt_sigreturn:
// what is executed decides that, whatever the information about it says.
func (s *state) trampoline() bool {
	for _, code := range restorers {
		// At its first instruction (a handler's return address), or at its second.
		for _, done := range [...]int{0, len(code) - 2} {
			b := make([]byte, len(code))
			if s.mem.bytes(s.pc-uint64(done), b) && bytes.Equal(b, code) {
				return true
			}
		}
	}
	return false
}

// Where the kernel stores a register in struct ucontext, which is at the stack
// pointer when rt_sigreturn is made (struct rt_sigframe without the return
// address, arch/x86/include/asm/sigframe.h; struct sigcontext_64 at 40).
const contextOffset = 40

var contextRegs = [...]int{8, 9, 10, 11, 12, 13, 14, 15, 5, 4, regFP, 3, 1, 0, 2, regSP, regPC}

// interrupted reads what a signal interrupted.
func (s *state) interrupted() (caller state, ok bool) {
	caller = state{mem: s.mem}
	for i, n := range contextRegs {
		v, ok := s.mem.load(s.sp()+contextOffset+8*uint64(i), 8)
		if !ok {
			return state{}, false
		}
		caller.set(n, v)
	}
	caller.pc = caller.regs[regPC]
	return caller, true
}

// called says that the instruction before an address is a call: what makes a
// word of the stack look like a return address.
func (s *state) called(ra uint64) bool {
	var b [7]byte
	if ra < uint64(len(b)) || !s.mem.bytes(ra-uint64(len(b)), b[:]) {
		return false
	}
	if b[2] == 0xe8 { // call rel32
		return true
	}
	for size := 2; size <= len(b); size++ { // ff /2, with a SIB byte and a displacement
		op := b[len(b)-size:]
		if op[0] != 0xff || op[1]>>3&7 != 2 {
			continue
		}
		mod, rm := op[1]>>6, op[1]&7
		want := 2
		if mod != 3 && rm == 4 {
			want++
		}
		switch {
		case mod == 1:
			want++
		case mod == 2 || mod == 0 && rm == 5:
			want += 4
		case mod == 0 && rm == 4 && size > 2 && op[2]&7 == 5:
			want += 4
		}
		if want == size {
			return true
		}
	}
	return false
}

// Instructions at a function's ends (SDM volume 2).
var (
	endbr64 = []byte{0xf3, 0x0f, 0x1e, 0xfa}
	jmpMem  = []byte{0xff, 0x25} // jmp *disp32(%rip)
	pushRBP = []byte{0x55}
	movRBP  = [][]byte{{0x48, 0x89, 0xe5}, {0x48, 0x8b, 0xec}} // mov %rsp, %rbp
)

// guess finds the caller of code that nothing is known about. first says that
// pc was not reached by a call that the frame made; entry is the function's
// first address, if known.
func (s *state) guess(first bool, entry uint64, executable func(uint64) bool) (caller state, cfa uint64, how How, reason string) {
	plausible := func(at uint64) bool {
		ra, ok := s.mem.load(at, 8)
		return ok && executable(ra) && s.called(ra)
	}
	if first {
		// In front of, or behind, a frame's life the return address is on top.
		if depth, ok := s.frameless(entry); ok && plausible(s.sp()+depth) {
			return s.leave(s.sp()+depth, ByStack)
		}
	}
	fp, known := s.Reg(regFP)
	if known && fp%8 == 0 && fp >= s.sp() && plausible(fp+8) {
		caller, cfa, how, reason = s.leave(fp+8, ByPointer)
		if v, ok := s.mem.load(fp, 8); ok {
			caller.set(regFP, v)
		}
		return caller, cfa, how, reason
	}
	// A call through a bad pointer, or a function that needs no frame.
	if first && plausible(s.sp()) {
		return s.leave(s.sp(), ByStack)
	}
	return state{}, 0, "", "no unwind information for this code, and no frame pointer"
}

// leave returns to the address that is stored at a place of the stack.
func (s *state) leave(at uint64, how How) (state, uint64, How, string) {
	caller := *s
	ra, _ := s.mem.load(at, 8)
	caller.pc = ra
	caller.set(regPC, ra)
	caller.set(regSP, at+8)
	return caller, at + 8, how, ""
}

// frameless looks at the instructions at pc and, from entry on, before it, and
// says how far above the stack pointer the return address is, if they show it.
func (s *state) frameless(entry uint64) (depth uint64, ok bool) {
	var b [8]byte
	n := len(b)
	for n > 0 && !s.mem.bytes(s.pc, b[:n]) {
		n--
	}
	code := b[:n]
	if n == 0 {
		// Not even code: it was called, and nothing has happened since.
		return 0, true
	}
	ret := bytes.TrimPrefix(code, []byte{0xf3}) // rep ret
	if len(ret) > 0 && (ret[0] == 0xc3 || ret[0] == 0xc2) {
		return 0, true
	}
	// A PLT stub without information, such as those of a static program's
	// functions of which the start-up code chooses a version.
	if stub := bytes.TrimPrefix(bytes.TrimPrefix(code, endbr64), []byte{0xf2}); bytes.HasPrefix(stub, jmpMem) {
		return 0, true
	}
	if bytes.HasPrefix(bytes.TrimPrefix(code, endbr64), pushRBP) && (s.pc == entry || bytes.HasPrefix(code, endbr64)) {
		return 0, true
	}
	for _, mov := range movRBP {
		if prev, ok := s.mem.load(s.pc-1, 1); ok && byte(prev) == pushRBP[0] && bytes.HasPrefix(code, mov) {
			return 8, true
		}
	}
	return 0, s.pc == entry
}

// goCaller leaves a Go function whose stack pointer is depth below its value
// at the entry.
func (s *state) goCaller(depth uint64) (caller state, cfa uint64, ok bool) {
	cfa = s.sp() + depth + 8
	caller = *s
	if caller.pc, ok = s.mem.load(cfa-8, 8); !ok {
		return state{}, 0, false
	}
	caller.set(regPC, caller.pc)
	caller.set(regSP, cfa)
	// Whoever has a frame has stored the caller's frame pointer at its top.
	if depth > 0 {
		if fp, ok := s.mem.load(cfa-16, 8); ok {
			caller.set(regFP, fp)
		}
	}
	return caller, cfa, true
}

// beyond follows the frame pointer to another stack, past the function that it
// belongs to.
func (s *state) beyond(executable func(uint64) bool) (state, bool) {
	fp, known := s.Reg(regFP)
	ra, ok := s.mem.load(fp+8, 8)
	if !known || !ok || fp%8 != 0 || !executable(ra) || !s.called(ra) {
		return state{}, false
	}
	caller, _, _, _ := s.leave(fp+8, ByPointer)
	if v, ok := s.mem.load(fp, 8); ok {
		caller.set(regFP, v)
	}
	return caller, true
}
