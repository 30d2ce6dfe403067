package snapshot_test

import (
	"golang.org/x/sys/unix"

	"warder/regs"
	"warder/snapshot"
)

// pauseCall is what pause(2) of the C library calls.
const pauseCall = unix.SYS_PPOLL

func setCall(r *regs.Regs, call *snapshot.Call, at uint64) {
	r.X[8], r.Pc = call.Nr, at
	copy(r.X[:6], call.Args[:])
}

func result(r *regs.Regs) int64 { return int64(r.X[0]) }

func step(tid int) error { return unix.PtraceSingleStep(tid) }
