package tracer

import (
	"golang.org/x/sys/unix"

	"warder/regs"
)

// injected is "svc #0; brk #0"; after the latter the program counter is still
// at it.
const (
	injected    = 0xd4200000_d4000001
	injectedLen = 4
)

// loadCall puts a call into registers, to be made by what is at address at.
func loadCall(r *regs.Regs, at, nr uint64, args [6]uint64) {
	r.SetPC(at)
	r.X[8] = nr
	copy(r.X[:6], args[:])
}

// cloneArgs puts clone(2)'s arguments into their order, which differs between
// architectures.
func cloneArgs(flags, stack, parentTID, childTID, tls uint64) [6]uint64 {
	return [6]uint64{flags, stack, parentTID, tls, childTID}
}

// beforeCall changes the registers of a task that is stopped before a call to
// what they were before its instruction. The call's number is not among them.
func beforeCall(*regs.Regs) error { return unix.EOPNOTSUPP }

func callResult(r *regs.Regs) int64 { return int64(r.X[0]) }
