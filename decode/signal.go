package decode

import (
	"strings"

	"warder/abi"
)

// signalForms are signals.
func signalForms() map[string]*form {
	return map[string]*form{
		"rt_sigaction": {args: [6]*shape{2: {doc: "struct sigaction", leave: func(d *decoder, i int) { d.sigaction(d.value(i)) }}}},
		"rt_sigpending": {args: [6]*shape{0: {doc: "signal set", leave: func(d *decoder, i int) {
			d.sigset(d.value(i), d.value(1))
		}}}},
		"rt_sigprocmask": {args: [6]*shape{2: {doc: "signal set", leave: func(d *decoder, i int) {
			d.sigset(d.value(i), d.value(3))
		}}}},
		"rt_sigqueueinfo":        {args: [6]*shape{2: in("siginfo_t", siginfoAt)}},
		"rt_tgsigqueueinfo":      {args: [6]*shape{3: in("siginfo_t", siginfoAt)}},
		"pidfd_send_signal":      {args: [6]*shape{2: in("siginfo_t", siginfoAt)}},
		"rt_sigtimedwait":        {args: [6]*shape{1: out("siginfo_t", siginfoAt)}, result: signalResult},
		"rt_sigtimedwait_time64": {args: [6]*shape{1: out("siginfo_t", siginfoAt)}, result: signalResult},
		"sigaltstack":            {args: [6]*shape{0: in("stack_t", stackAt), 1: out("stack_t", stackAt)}},
		"signalfd":               {args: [6]*shape{1: signalfdSet}, result: resultFD},
		"signalfd4":              {args: [6]*shape{1: signalfdSet}, result: resultFD},
	}
}

var signalfdSet = &shape{doc: "signal set", enter: func(d *decoder, i int) { d.sigset(d.value(i), d.value(2)) }}

func signalResult(d *decoder) {
	d.aside(func() {
		if d.result > 0 && d.result <= 64 {
			d.lit(abi.SignalName(int(d.result)))
		}
	})
}

// sigset prints the signals of a kernel set of 64 bits, or, when most are in
// it, those that are not.
func (d *decoder) sigset(addr, size uint64) {
	if addr == 0 || size != 8 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	d.signals(u64(p, 0))
}

func (d *decoder) signals(set uint64) {
	// strace turns the set around at two thirds.
	if ones(set) >= 64*2/3 {
		set = ^set
		d.byte('~')
	}
	d.byte('[')
	shown := false
	for sig := 1; sig <= 64; sig++ {
		if set>>(sig-1)&1 == 0 {
			continue
		}
		if shown {
			d.byte(' ')
		}
		shown = true
		d.lit(strings.TrimPrefix(abi.SignalName(sig), "SIG"))
	}
	d.byte(']')
}

// sigaction prints the kernel's structure: handler, flags, restorer, mask, in
// words of the program's size.
func (d *decoder) sigaction(addr uint64) {
	if d.value(3) != 8 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 3*d.word+8)
	if !ok {
		d.pointer(addr)
		return
	}
	handler, flags, restorer := d.long(p, 0), d.long(p, 1), d.long(p, 2)
	mask := u64(p, 3*d.word)
	d.lit("{sa_handler=")
	switch handler {
	case 0:
		d.lit("SIG_DFL")
	case 1:
		d.lit("SIG_IGN")
	default:
		d.pointer(handler)
	}
	d.lit(", sa_mask=")
	d.signals(mask)
	d.lit(", sa_flags=")
	d.flags(abi.SaFlags, flags)
	const saRestorer = 0x04000000
	if flags&saRestorer != 0 {
		d.lit(", sa_restorer=")
		d.pointer(restorer)
	}
	d.byte('}')
}

func stackAt(d *decoder, addr uint64) {
	p, ok := d.block(addr, 3*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{ss_sp=")
	d.pointer(d.long(p, 0))
	d.lit(", ss_flags=")
	d.named(abi.StackFlags, u32(p, d.word))
	d.lit(", ss_size=")
	d.uint(d.long(p, 2))
	d.byte('}')
}

func siginfoAt(d *decoder, addr uint64) {
	p, ok := d.block(addr, 128)
	if !ok || d.word == 4 {
		d.pointer(addr)
		return
	}
	d.siginfo(p)
}

// Signal prints a siginfo_t in braces as strace does. signal is the number
// that is delivered, which the structure need not agree with; siginfo is the
// 128 bytes of the 64-bit layout that the kernel gives a tracer, whatever the
// tracee's. Without it, or cut short, only the signal is said.
func Signal(arch abi.Arch, signal int, siginfo []byte, opt Options) string {
	d := decoder{arch: arch, word: 8}
	d.look(nil, opt)
	if len(siginfo) < 128 {
		d.lit("{si_signo=")
		d.signal(uint64(int64(signal)))
		d.byte('}')
		return string(d.out)
	}
	d.siginfo(siginfo)
	return string(d.out)
}

// Signals whose siginfo has a form of its own.
const (
	sigILL, sigTRAP, sigBUS, sigFPE, sigSEGV, sigCHLD, sigIO, sigSYS = 4, 5, 7, 8, 11, 17, 29, 31
)

// Codes that any signal may have (asm-generic/siginfo.h): who sent it.
const (
	siUser, siKernel, siQueue, siTimer, siMesgQ, siAsyncIO, siSIGIO, siTkill = 0, 0x80, -1, -2, -3, -4, -5, -6
)

func codeName(sig, code int) string {
	switch code {
	case siUser:
		return "SI_USER"
	case siKernel:
		return "SI_KERNEL"
	case siQueue:
		return "SI_QUEUE"
	case siTimer:
		return "SI_TIMER"
	case siMesgQ:
		return "SI_MESGQ"
	case siAsyncIO:
		return "SI_ASYNCIO"
	case siSIGIO:
		return "SI_SIGIO"
	case siTkill:
		return "SI_TKILL"
	case -7:
		return "SI_DETHREAD"
	case -60:
		return "SI_ASYNCNL"
	}
	lists := map[int][]string{
		sigILL:  {"ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR"},
		sigFPE:  {"FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"},
		sigSEGV: {"SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR"},
		sigBUS:  {"BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"},
		sigTRAP: {"TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"},
		sigCHLD: {"CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"},
		sigIO:   {"POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"},
		sigSYS:  {"SYS_SECCOMP", "SYS_USER_DISPATCH"},
	}
	if names := lists[sig]; code >= 1 && code <= len(names) {
		return names[code-1]
	}
	return ""
}

func (d *decoder) siginfo(p []byte) {
	sig, errno, code := int(int32(u32(p, 0))), int32(u32(p, 4)), int(int32(u32(p, 8)))
	if sig == 0 {
		d.lit("{}")
		return
	}
	d.lit("{si_signo=")
	d.signal(uint64(int64(sig)))
	d.lit(", si_code=")
	if name := codeName(sig, code); name != "" {
		d.lit(name)
	} else {
		d.hex(uint64(uint32(code)))
	}
	if errno != 0 {
		d.lit(", si_errno=")
		if name := errnoName(uint32(errno)); name != "" {
			d.lit(name)
		} else {
			d.int(int64(errno))
		}
	}
	switch {
	case code == siKernel:
		// A fault's address may be 0, which is then said.
		if faults(sig) || anyBit(p[12:64]) {
			d.fault(sig, code, p)
		}
	case code == siUser || code == siTkill:
		d.sender(p)
	case code == siTimer:
		d.lit(", si_timerid=")
		d.hex(u32(p, 16))
		d.lit(", si_overrun=")
		d.int32(u32(p, 20))
		d.sival(p)
	case code < 0:
		d.sender(p)
		d.sival(p)
	default:
		d.fault(sig, code, p)
	}
	d.byte('}')
}

func faults(sig int) bool {
	switch sig {
	case sigILL, sigFPE, sigSEGV, sigBUS, sigTRAP:
		return true
	}
	return false
}

func (d *decoder) sender(p []byte) {
	d.lit(", si_pid=")
	d.int32(u32(p, 16))
	d.lit(", si_uid=")
	d.id(u32(p, 20), 32)
}

func (d *decoder) sival(p []byte) {
	d.lit(", si_int=")
	d.int32(u32(p, 24))
	d.lit(", si_ptr=")
	d.pointer(u64(p, 24))
}

// fault prints what goes by the signal.
func (d *decoder) fault(sig, code int, p []byte) {
	const cldExited = 1
	switch sig {
	case sigCHLD:
		d.sender(p)
		d.lit(", si_status=")
		if status := u32(p, 24); code == cldExited {
			d.int32(status)
		} else {
			d.signal(uint64(int64(int32(status))))
		}
		d.lit(", si_utime=")
		d.ticks(int64(u64(p, 32)))
		d.lit(", si_stime=")
		d.ticks(int64(u64(p, 40)))
	case sigILL, sigFPE, sigSEGV, sigBUS, sigTRAP:
		d.lit(", si_addr=")
		d.pointer(u64(p, 16))
	case sigIO:
		if code > 0 && code <= 6 {
			d.lit(", si_band=")
			d.int(int64(u64(p, 16)))
			d.lit(", si_fd=")
			d.descriptor(int32(u32(p, 24)))
		}
	case sigSYS:
		d.lit(", si_call_addr=")
		d.pointer(u64(p, 16))
		d.lit(", si_syscall=")
		nr, audit := uint32(u32(p, 24)), uint32(u32(p, 28))
		arch, _ := abi.ArchOfAudit(audit)
		if name, ok := arch.Name(nr); ok {
			d.lit("__NR_")
			d.lit(name)
		} else {
			d.uint(uint64(nr))
		}
		d.lit(", si_arch=")
		d.auditArch(arch, audit)
	default:
		if u64(p, 16) != 0 || u64(p, 24) != 0 {
			d.sender(p)
			d.sival(p)
		}
	}
}

func (d *decoder) auditArch(arch abi.Arch, audit uint32) {
	switch arch {
	case abi.X86_64:
		d.lit("AUDIT_ARCH_X86_64")
	case abi.AArch64:
		d.lit("AUDIT_ARCH_AARCH64")
	case abi.I386:
		d.lit("AUDIT_ARCH_I386")
	default:
		d.hex(uint64(audit))
	}
}
