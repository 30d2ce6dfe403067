package ptrace

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// arm64 has no PTRACE_POKEUSER: registers go through NT_PRSTATUS (x0 to x30,
// sp, pc, pstate) and the call's number through NT_ARM_SYSTEM_CALL.
const (
	ntPRStatus      = 1
	ntARMSystemCall = 0x404
	regPC           = 32
)

func setReg(tid, reg int, v uint64) error {
	var b [34 * 8]byte
	n, err := GetRegSet(tid, ntPRStatus, b[:])
	if err != nil {
		return err
	}
	if n < (reg+1)*8 {
		return unix.EIO
	}
	binary.LittleEndian.PutUint64(b[reg*8:], v)
	_, err = SetRegSet(tid, ntPRStatus, b[:n])
	return err
}

func setNumber(tid int, nr uint32) error {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], nr)
	_, err := SetRegSet(tid, ntARMSystemCall, b[:])
	return err
}

// SkipCall makes the call that tid is stopped at the entry of return -errno
// without running.
func SkipCall(tid int, errno uint32) error {
	if err := setNumber(tid, ^uint32(0)); err != nil {
		return err
	}
	return setReg(tid, 0, -uint64(errno))
}

// SetCall replaces the number of the call that tid is stopped at the entry
// of. The kernel runs the seccomp filters once more on the new number.
func SetCall(tid int, nr uint32) error { return setNumber(tid, nr) }

// SetArg replaces argument i (0 to 5) at the entry of a call.
func SetArg(tid int, i int, v uint64) error { return setReg(tid, i, v) }

// SetIP moves tid's instruction pointer.
func SetIP(tid int, ip uint64) error { return setReg(tid, regPC, ip) }

// CancelRestart tells the kernel that tid is not inside a call.
func CancelRestart(tid int) error { return setNumber(tid, ^uint32(0)) }
