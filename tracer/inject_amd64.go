package tracer

import "warder/regs"

// injected is "syscall; int3", of injectedLen bytes.
const (
	injected    = 0xcc050f
	injectedLen = 3
)

// loadCall puts a call into registers, to be made by what is at address at.
func loadCall(r *regs.Regs, at, nr uint64, args [6]uint64) {
	r.RIP, r.RAX = at, nr
	r.OrigRAX = ^uint64(0) // no call is under way, so none is restarted
	r.RDI, r.RSI, r.RDX, r.R10, r.R8, r.R9 = args[0], args[1], args[2], args[3], args[4], args[5]
}

func callResult(r *regs.Regs) int64 { return int64(r.RAX) }
