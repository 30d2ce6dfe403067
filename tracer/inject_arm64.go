package tracer

import "warder/regs"

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

func callResult(r *regs.Regs) int64 { return int64(r.X[0]) }
