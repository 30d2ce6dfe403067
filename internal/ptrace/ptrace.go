// Package ptrace is warder's thin layer over ptrace(2), wait4(2) and
// process_vm_readv(2): one function a request, raw errnos, no allocation on
// the path of a stop.
//
// It exists beside golang.org/x/sys/unix because that package has no
// PTRACE_SEIZE with options, no PTRACE_GET_SYSCALL_INFO structure, and reads
// registers through requests that copy more than a supervisor needs.
//
// Limits: every request must come from the OS thread that seized the tracee
// (ptrace is a relation between threads), and the tracee must be stopped,
// except for Seize and Interrupt. ESRCH from any request on a tracee that was
// stopped means that it was killed meanwhile: forget the stop, go back to
// Wait, the death is reported there.
package ptrace

import "golang.org/x/sys/unix"

// Requests and constants that golang.org/x/sys does not export for every
// architecture; the values are those of include/uapi/linux/ptrace.h.
const (
	reqGetSyscallInfo = 0x420e
	reqSeize          = 0x4206
	reqInterrupt      = 0x4207
	reqListen         = 0x4208
	reqGetRegSet      = 0x4204
	reqSetRegSet      = 0x4205
	reqGetSigInfo     = 0x4202
	reqSetSigInfo     = 0x4203
	reqGetEventMsg    = 0x4201
	reqSetSigMask     = 0x420b
)

// SessionOptions are the options that every tracee of a session has from its
// first instant: they are passed in the PTRACE_SEIZE request itself, because
// PTRACE_SETOPTIONS is refused (ESRCH) on a tracee that is not stopped.
// PTRACE_O_TRACEEXIT is left out on purpose: it would keep a killed tracee,
// and its memory, until the supervisor resumed it, and would swap a
// seccomp-stop for an exit-stop under the supervisor's hands.
const SessionOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP |
	unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEVFORKDONE | unix.PTRACE_O_EXITKILL

// Kinds of SyscallInfo.Op (PTRACE_SYSCALL_INFO_*).
const (
	OpNone    = 0
	OpEntry   = 1
	OpExit    = 2
	OpSeccomp = 3
)

// SyscallInfo is struct ptrace_syscall_info of include/uapi/linux/ptrace.h,
// laid out for the entry and seccomp forms. In the exit form Nr holds the
// return value and the low byte of Args[0] is_error (see Exit).
type SyscallInfo struct {
	Op      uint8
	_       [3]uint8
	Arch    uint32 // AUDIT_ARCH_* of the calling convention that was used
	IP      uint64 // the instruction after the syscall instruction
	SP      uint64
	Nr      uint64 // the number as the kernel dispatches it, already truncated
	Args    [6]uint64
	RetData uint32 // SECCOMP_RET_DATA of the filter that won: a hint only
	_       uint32
}

// Exit returns the result of the call when Op is OpExit: the value, negative
// errno included, and whether the kernel takes it for an error.
func (i *SyscallInfo) Exit() (rval int64, isError bool) {
	return int64(i.Nr), uint8(i.Args[0]) != 0
}

// Call is a system call to be made by a stopped thread.
type Call struct {
	Nr     uint64
	Args   [6]uint64
	Result int64 // negative: -errno
}

// Stopped is a thread in a stop.
type Stopped struct {
	TID    int
	Signal int // what it is about to be delivered in a signal-delivery-stop; 0 elsewhere
}

// Seize attaches to tid without stopping it and sets options at once
// (PTRACE_O_*).
func Seize(tid int, options int) error {
	return request(reqSeize, tid, 0, uintptr(options))
}

// Interrupt asks for an event-stop of a seized tracee.
func Interrupt(tid int) error { return request(reqInterrupt, tid, 0, 0) }

// Cont resumes tid, delivering sig where the stop was a
// signal-delivery-stop (0 for none).
func Cont(tid int, sig int) error {
	return request(unix.PTRACE_CONT, tid, 0, uintptr(sig))
}

// Syscall resumes tid until the next entry to or exit from a call.
func Syscall(tid int, sig int) error {
	return request(unix.PTRACE_SYSCALL, tid, 0, uintptr(sig))
}

// Listen leaves tid in its group-stop while letting SIGCONT through.
func Listen(tid int) error { return request(reqListen, tid, 0, 0) }

// Detach ends the tracing of a stopped tid and resumes it.
func Detach(tid int, sig int) error {
	return request(unix.PTRACE_DETACH, tid, 0, uintptr(sig))
}

// SetOptions replaces the options of a stopped tid.
func SetOptions(tid int, options int) error {
	return request(unix.PTRACE_SETOPTIONS, tid, 0, uintptr(options))
}

// PokeData writes one word of tid's memory, through read-only protections
// (FOLL_FORCE), at the cost of a private copy of the page.
func PokeData(tid int, addr uintptr, word uint64) error {
	return request(unix.PTRACE_POKEDATA, tid, addr, uintptr(word))
}
