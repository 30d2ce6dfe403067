package regs

import (
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Regs is the general register set of an x86-64 thread, the kernel's struct
// user_regs_struct (arch/x86/include/asm/user_64.h) in its order.
//
// A thread that runs 32-bit code, which any program can by a far jump, has
// the same set: its registers are the lower halves, and CS is CS32.
type Regs struct {
	R15, R14, R13, R12 uint64
	RBP, RBX           uint64
	R11, R10, R9, R8   uint64
	RAX, RCX, RDX      uint64
	RSI, RDI           uint64
	// OrigRAX is the number of the call that the thread is in, and -1 outside
	// of one. At the entry of a call RAX holds -ENOSYS, the number is here.
	OrigRAX uint64
	// RIP is taken as it is: the thread gets SIGSEGV when it goes on at an
	// address that is not canonical.
	RIP uint64
	CS  uint64
	// EFLAGS can be changed in the arithmetic flags, TF, DF, NT, RF and AC
	// (FLAG_MASK, arch/x86/kernel/ptrace.c); the kernel keeps the others,
	// IF and the reserved bit 1 set among them, without an error. TF reads as
	// 0 when it is set for single-stepping.
	EFLAGS         uint64
	RSP            uint64
	SS             uint64
	FSBase, GSBase uint64 // user addresses, or Write is EIO; thread-local storage is at FSBase
	DS, ES, FS, GS uint64 // selectors: 0 or of privilege 3, or Write is EIO
}

// Values of CS that the kernel gives user code
// (arch/x86/include/asm/segment.h).
const (
	CS64 = 0x33
	CS32 = 0x23
)

// Is32 says whether the thread was executing 32-bit code.
func (r *Regs) Is32() bool { return r.CS == CS32 }

// PC returns the program counter.
func (r *Regs) PC() uint64 { return r.RIP }

// SetPC sets the program counter.
func (r *Regs) SetPC(pc uint64) { r.RIP = pc }

// SP returns the stack pointer.
func (r *Regs) SP() uint64 { return r.RSP }

// ReadInto reads the registers of a stopped thread into r, without
// allocating.
//
// It is PTRACE_GETREGS and not PTRACE_GETREGSET(NT_PRSTATUS): of a thread
// that is in 32-bit code at the moment the latter gives the 32-bit structure
// of 68 bytes, and takes the first 68 bytes of a 64-bit one for it
// (task_user_regset_view), so a program could have its registers misread by
// a far jump. PTRACE_GETREGS depends only on the tracer.
func ReadInto(tid int, r *Regs) error {
	var u unix.PtraceRegsAmd64
	if err := unix.PtraceGetRegsAmd64(tid, &u); err != nil {
		return &Error{"read", tid, err}
	}
	*r = Regs{
		R15: u.R15, R14: u.R14, R13: u.R13, R12: u.R12,
		RBP: u.Rbp, RBX: u.Rbx,
		R11: u.R11, R10: u.R10, R9: u.R9, R8: u.R8,
		RAX: u.Rax, RCX: u.Rcx, RDX: u.Rdx,
		RSI: u.Rsi, RDI: u.Rdi,
		OrigRAX: u.Orig_rax,
		RIP:     u.Rip, CS: u.Cs,
		EFLAGS: u.Eflags,
		RSP:    u.Rsp, SS: u.Ss,
		FSBase: u.Fs_base, GSBase: u.Gs_base,
		DS: u.Ds, ES: u.Es, FS: u.Fs, GS: u.Gs,
	}
	return nil
}

// Write sets the registers of a stopped thread.
//
// The kernel takes them in the order of the fields and stops at the first
// that it refuses (EIO: CS, FSBase, GSBase, a selector); the fields before it
// are set then. Whoever writes values of unknown origin keeps the Regs that
// Read gave and writes that back.
func (r *Regs) Write(tid int) error {
	u := unix.PtraceRegsAmd64{
		R15: r.R15, R14: r.R14, R13: r.R13, R12: r.R12,
		Rbp: r.RBP, Rbx: r.RBX,
		R11: r.R11, R10: r.R10, R9: r.R9, R8: r.R8,
		Rax: r.RAX, Rcx: r.RCX, Rdx: r.RDX,
		Rsi: r.RSI, Rdi: r.RDI,
		Orig_rax: r.OrigRAX,
		Rip:      r.RIP, Cs: r.CS,
		Eflags: r.EFLAGS,
		Rsp:    r.RSP, Ss: r.SS,
		Fs_base: r.FSBase, Gs_base: r.GSBase,
		Ds: r.DS, Es: r.ES, Fs: r.FS, Gs: r.GS,
	}
	if err := unix.PtraceSetRegsAmd64(tid, &u); err != nil {
		return &Error{"write", tid, err}
	}
	return nil
}

// names are the full registers in gdb's order, with the call's number, which
// gdb shows only when asked for it, behind them.
var names = [...]string{
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	"rip", "eflags", "cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base", "orig_rax",
}

// Places in names that are not only numbers.
const (
	iRDX    = 3
	iRBP    = 6
	iRSP    = 7
	iR8     = 8
	iR15    = 15
	iRIP    = 16
	iEFLAGS = 17
	iCS     = 18
	iGS     = 23
)

// ref returns the field of names[i].
func (r *Regs) ref(i int) *uint64 {
	return [...]*uint64{
		&r.RAX, &r.RBX, &r.RCX, &r.RDX, &r.RSI, &r.RDI, &r.RBP, &r.RSP,
		&r.R8, &r.R9, &r.R10, &r.R11, &r.R12, &r.R13, &r.R14, &r.R15,
		&r.RIP, &r.EFLAGS, &r.CS, &r.SS, &r.DS, &r.ES, &r.FS, &r.GS, &r.FSBase, &r.GSBase, &r.OrigRAX,
	}[i]
}

var flags = []flag{
	{"cf", 0}, {"pf", 2}, {"af", 4}, {"zf", 6}, {"sf", 7}, {"tf", 8}, {"if", 9}, {"df", 10}, {"of", 11},
}

// views holds all names. "sp" is the stack pointer, as in gdb, and not the
// 16-bit part.
var views = sync.OnceValue(func() map[string]view {
	m := make(map[string]view, 110)
	for i, name := range names {
		reg := uint8(i)
		v := view{reg: reg, bits: 64}
		switch {
		case i == iEFLAGS:
			v.bits = 32
		case i >= iCS && i <= iGS:
			v.bits = 16
		}
		m[name] = v
		switch {
		case i < iR8: // rax eax ax al, rsi esi si sil
			stem := name[1:]
			m["e"+stem] = view{reg: reg, bits: 32, zero: true}
			if i != iRSP {
				m[stem] = view{reg: reg, bits: 16}
			}
			if i <= iRDX {
				m[stem[:1]+"l"] = view{reg: reg, bits: 8}
				m[stem[:1]+"h"] = view{reg: reg, bits: 8, shift: 8}
			} else {
				m[stem+"l"] = view{reg: reg, bits: 8}
			}
		case i <= iR15: // r8 r8d r8w r8b; gdb says r8l
			m[name+"d"] = view{reg: reg, bits: 32, zero: true}
			m[name+"w"] = view{reg: reg, bits: 16}
			m[name+"b"] = view{reg: reg, bits: 8}
			m[name+"l"] = view{reg: reg, bits: 8}
		}
	}
	m["pc"], m["sp"], m["rflags"] = m["rip"], m["rsp"], m["eflags"]
	m["eip"] = view{reg: iRIP, bits: 32, zero: true}
	for _, f := range flags {
		m[f.name] = view{reg: iEFLAGS, shift: f.bit, bits: 1}
	}
	return m
})

// printed are the flags that gdb names, in its order.
var printed = append(flags[:len(flags):len(flags)], flag{"nt", 14}, flag{"rf", 16}, flag{"vm", 17},
	flag{"ac", 18}, flag{"vif", 19}, flag{"vip", 20}, flag{"id", 21})

// natural is the last column of String.
func natural(i int, v uint64) string {
	switch i {
	case iRBP, iRSP, iRIP:
		return "0x" + strconv.FormatUint(v, 16)
	case iEFLAGS:
		return flagList(printed, v)
	}
	return strconv.FormatInt(int64(v), 10)
}
