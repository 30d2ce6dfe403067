package ptrace

import "golang.org/x/sys/unix"

// Byte offsets into struct user_regs_struct, for PTRACE_POKEUSER
// (arch/x86/include/asm/user_64.h).
const (
	offR10     = 7 * 8
	offR8      = 9 * 8
	offRax     = 10 * 8
	offRdx     = 12 * 8
	offRsi     = 13 * 8
	offRdi     = 14 * 8
	offOrigRax = 15 * 8
	offRip     = 16 * 8
	offR9      = 8 * 8
)

var argOffset = [6]uintptr{offRdi, offRsi, offRdx, offR10, offR8, offR9}

// PokeUser writes one word of struct user. It is a Syscall: one of the debug
// registers makes the kernel reserve a breakpoint.
func PokeUser(tid int, off uintptr, v uint64) error {
	_, _, e := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_POKEUSR, uintptr(tid), off, uintptr(v), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

func pokeUser(tid int, off uintptr, v uint64) error {
	return request(unix.PTRACE_POKEUSR, tid, off, uintptr(v))
}

// SkipCall makes the call that tid is stopped at the entry of return -errno
// without running. With number -1 the kernel's dispatcher touches nothing
// and the caller sees whatever rax holds.
func SkipCall(tid int, errno uint32) error {
	if err := pokeUser(tid, offOrigRax, ^uint64(0)); err != nil {
		return err
	}
	return pokeUser(tid, offRax, -uint64(errno))
}

// SetCall replaces the number of the call that tid is stopped at the entry
// of. The kernel runs the seccomp filters once more on the new number.
func SetCall(tid int, nr uint32) error { return pokeUser(tid, offOrigRax, uint64(nr)) }

// SetArg replaces argument i (0 to 5) at the entry of a call.
func SetArg(tid int, i int, v uint64) error { return pokeUser(tid, argOffset[i], v) }

// SetIP moves tid's instruction pointer.
func SetIP(tid int, ip uint64) error { return pokeUser(tid, offRip, ip) }

// CancelRestart tells the kernel that tid is not inside a call, so that a
// call interrupted by the stop is not restarted at a new instruction pointer.
func CancelRestart(tid int) error { return pokeUser(tid, offOrigRax, ^uint64(0)) }
