package snapshot_test

import (
	"golang.org/x/sys/unix"

	"warder/regs"
	"warder/snapshot"
)

// pauseCall is what pause(2) of the C library calls.
const pauseCall = unix.SYS_PAUSE

func setCall(r *regs.Regs, call *snapshot.Call, at uint64) {
	r.RAX, r.OrigRAX, r.RIP = call.Nr, ^uint64(0), at
	r.RDI, r.RSI, r.RDX = call.Args[0], call.Args[1], call.Args[2]
	r.R10, r.R8, r.R9 = call.Args[3], call.Args[4], call.Args[5]
}

func result(r *regs.Regs) int64 { return int64(r.RAX) }

func step(tid int) error { return unix.PtraceSingleStep(tid) }
