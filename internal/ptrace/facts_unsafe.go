package ptrace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests about what a thread has besides registers
// (include/uapi/linux/ptrace.h).
const (
	reqPeekSigInfo = 0x4209
	reqGetSigMask  = 0x420a
	reqRseqConfig  = 0x420f

	peekShared = 1 // PTRACE_PEEKSIGINFO_SHARED
)

// SigInfoSize is the size of siginfo_t.
const SigInfoSize = int(unsafe.Sizeof(SigInfo{}))

// RawSigInfo is GetSigInfo as the kernel's bytes.
func RawSigInfo(tid int) ([]byte, error) {
	b := make([]byte, SigInfoSize)
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetSigInfo, uintptr(tid), 0, uintptr(unsafe.Pointer(&b[0])), 0, 0)
	if e != 0 {
		return nil, e
	}
	return b, nil
}

// SigMask returns the blocked signals of a stopped tid, bit n-1 for signal n
// (PTRACE_GETSIGMASK).
func SigMask(tid int) (uint64, error) {
	var mask uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqGetSigMask, uintptr(tid),
		unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return mask, nil
}

// Pending returns the siginfo_t of up to 64 signals from the first-th on that
// wait for tid, or, with shared, for its whole process (PTRACE_PEEKSIGINFO).
func Pending(tid int, shared bool, first uint64) ([][]byte, error) {
	args := struct {
		off   uint64
		flags uint32
		nr    int32
	}{off: first, nr: 64}
	if shared {
		args.flags = peekShared
	}
	b := make([]byte, int(args.nr)*SigInfoSize)
	n, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqPeekSigInfo, uintptr(tid),
		uintptr(unsafe.Pointer(&args)), uintptr(unsafe.Pointer(&b[0])), 0, 0)
	if e != 0 {
		return nil, e
	}
	var list [][]byte
	for i := range min(int(n), int(args.nr)) {
		list = append(list, b[i*SigInfoSize:(i+1)*SigInfoSize:(i+1)*SigInfoSize])
	}
	return list, nil
}

// RseqConfig is struct ptrace_rseq_configuration.
type RseqConfig struct {
	Area      uint64 // 0: not registered
	Size      uint32
	Signature uint32
	Flags     uint32
	_         uint32
}

// GetRseqConfig fills c for a stopped tid (PTRACE_GET_RSEQ_CONFIGURATION,
// Linux 5.13).
func GetRseqConfig(tid int, c *RseqConfig) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, reqRseqConfig, uintptr(tid),
		unsafe.Sizeof(*c), uintptr(unsafe.Pointer(c)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// RobustList is get_robust_list(2): it needs no stop, only the right to trace.
func RobustList(tid int) (head, size uint64, err error) {
	_, _, e := unix.RawSyscall(unix.SYS_GET_ROBUST_LIST, uintptr(tid),
		uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
	if e != 0 {
		return 0, 0, e
	}
	return head, size, nil
}
