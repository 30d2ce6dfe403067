package ptrace

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// request makes one bounded ptrace request. It is a RawSyscall: the request
// takes about a microsecond, less than the bookkeeping that would hand the
// scheduler's processor over.
func request(req, tid int, addr, data uintptr) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, data, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// GetSyscallInfo fills info for the call that tid is stopped in
// (PTRACE_GET_SYSCALL_INFO, Linux 5.3). info must not live on a stack that may
// move during the request; a field of a heap object is right.
func GetSyscallInfo(tid int, info *SyscallInfo) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetSyscallInfo, uintptr(tid),
		unsafe.Sizeof(*info), uintptr(unsafe.Pointer(info)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// EventMsg returns the message of an event-stop: the new thread's id at
// fork-like events, the old thread id of the caller at exec.
func EventMsg(tid int) (uint64, error) {
	var msg uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetEventMsg, uintptr(tid), 0, uintptr(unsafe.Pointer(&msg)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return msg, nil
}

// PeekData reads one word of tid's memory.
func PeekData(tid int, addr uintptr) (uint64, error) {
	var word uint64
	// The system call, unlike the libc function, stores the word at data.
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, uintptr(tid), addr, uintptr(unsafe.Pointer(&word)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return word, nil
}

// PeekUser reads one word of struct user, tid's registers as x86 lays them
// out; other architectures have none (EIO).
func PeekUser(tid int, off uintptr) (uint64, error) {
	var word uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_PEEKUSR, uintptr(tid), off, uintptr(unsafe.Pointer(&word)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return word, nil
}

// SigInfo is the head of siginfo_t as x86-64 and arm64 lay it out.
type SigInfo struct {
	Signo int32
	Errno int32
	Code  int32 // SI_*, SEGV_* …: positive where the kernel raised it
	_     int32
	Addr  uint64 // si_addr of a fault; pid and uid of a sender otherwise
	_     [128 - 24]byte
}

// Sender returns the process and real user that sent the signal, where Code
// says that a process did (SI_USER, SI_QUEUE, SI_TKILL).
func (s *SigInfo) Sender() (pid, uid uint32) { return uint32(s.Addr), uint32(s.Addr >> 32) }

// GetSigInfo reads the siginfo of a signal-delivery-stop.
func GetSigInfo(tid int, info *SigInfo) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetSigInfo, uintptr(tid), 0, uintptr(unsafe.Pointer(info)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// SetSigInfo replaces it: what the signal will say, if it is delivered.
func SetSigInfo(tid int, info *SigInfo) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqSetSigInfo, uintptr(tid), 0, uintptr(unsafe.Pointer(info)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// SetSigMask replaces the blocked signals. The kernel leaves SIGKILL and SIGSTOP out.
func SetSigMask(tid int, mask uint64) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqSetSigMask, uintptr(tid), unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// GetRegSet reads one register set (NT_PRSTATUS, NT_X86_XSTATE …) into buf
// and returns how much of buf the kernel filled.
func GetRegSet(tid int, note int, buf []byte) (int, error) {
	iov := unix.Iovec{Base: unsafe.SliceData(buf)}
	iov.SetLen(len(buf))
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetRegSet, uintptr(tid), uintptr(note), uintptr(unsafe.Pointer(&iov)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(iov.Len), nil
}

// SetRegSet writes one register set and returns how much the kernel took.
func SetRegSet(tid int, note int, buf []byte) (int, error) {
	iov := unix.Iovec{Base: unsafe.SliceData(buf)}
	iov.SetLen(len(buf))
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqSetRegSet, uintptr(tid), uintptr(note), uintptr(unsafe.Pointer(&iov)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(iov.Len), nil
}

// Wait is wait4(2) through the scheduler-aware Syscall6: a wait may last for
// as long as a tracee computes, and a raw one would hold up the garbage
// collector of the whole process until then.
func Wait(pid int, options int, status *uint32, ru *syscall.Rusage) (int, error) {
	r, _, e := unix.Syscall6(unix.SYS_WAIT4, uintptr(pid), uintptr(unsafe.Pointer(status)),
		uintptr(options), uintptr(unsafe.Pointer(ru)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// Peek waits like Wait(-1, options) for the next event and leaves it to be
// waited for (WNOWAIT). It tells whose it is and whether it is a death.
func Peek(options int) (pid int, death bool, err error) {
	var info struct { // the head of siginfo_t for SIGCHLD
		signo, errno, code, _ int32
		pid                   int32
		_                     [128 - 20]byte
	}
	const pAll = 0
	_, _, e := unix.Syscall6(unix.SYS_WAITID, pAll, 0, uintptr(unsafe.Pointer(&info)),
		uintptr(options|unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT), 0, 0)
	if e != 0 {
		return 0, false, e
	}
	const cldExited, cldDumped = 1, 3 // CLD_EXITED, CLD_KILLED, CLD_DUMPED
	return int(info.pid), info.code >= cldExited && info.code <= cldDumped, nil
}

// Mine reports whether pid is a child or tracee that the calling thread can
// wait for: not a stranger that has taken the id of a dead one.
func Mine(pid int) bool {
	const pPID = 1
	_, _, e := unix.Syscall6(unix.SYS_WAITID, pPID, uintptr(pid), 0,
		unix.WEXITED|unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, 0, 0)
	return e == 0
}

// PeekTask looks, without waiting, at what one child or tracee of the calling
// thread has to report, and leaves it to be waited for (WNOWAIT): a stop,
// with its code as in a wait status (the signal, and the event above it), a
// death, or nothing yet. ECHILD: it is not ours, or no more.
func PeekTask(tid int) (stopped, death bool, code int, err error) {
	var info struct { // the head of siginfo_t for SIGCHLD
		signo, errno, code, _ int32
		pid, uid, status      int32
		_                     [128 - 28]byte
	}
	const pPID = 1
	_, _, e := unix.RawSyscall6(unix.SYS_WAITID, pPID, uintptr(tid), uintptr(unsafe.Pointer(&info)),
		unix.WEXITED|unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, 0, 0)
	switch {
	case e != 0:
		return false, false, 0, e
	case info.pid == 0:
		return false, false, 0, nil
	}
	const cldExited, cldDumped = 1, 3 // CLD_EXITED, CLD_KILLED, CLD_DUMPED
	if info.code >= cldExited && info.code <= cldDumped {
		return false, true, 0, nil
	}
	return true, false, int(info.status), nil
}

// ReadMem reads tid's memory at addr with process_vm_readv(2) and returns how
// much could be read. It goes through Syscall6 because the kernel may sleep
// on the tracee's page.
func ReadMem(tid int, addr uint64, buf []byte) (int, error) {
	return vm(unix.SYS_PROCESS_VM_READV, tid, addr, buf)
}

// WriteMem writes tid's memory with process_vm_writev(2); it respects the
// tracee's page protections.
func WriteMem(tid int, addr uint64, buf []byte) (int, error) {
	return vm(unix.SYS_PROCESS_VM_WRITEV, tid, addr, buf)
}

func vm(nr uintptr, tid int, addr uint64, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	local := unix.Iovec{Base: unsafe.SliceData(buf)}
	local.SetLen(len(buf))
	remote := struct{ base, len uintptr }{uintptr(addr), uintptr(len(buf))}
	n, _, e := unix.Syscall6(nr, uintptr(tid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}
