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

// cloneArgs puts clone(2)'s arguments into their order, which differs between
// architectures.
func cloneArgs(flags, stack, parentTID, childTID, tls uint64) [6]uint64 {
	return [6]uint64{flags, stack, parentTID, childTID, tls}
}

// beforeCall changes the registers of a task that is stopped before a call to
// what they were before its instruction.
func beforeCall(r *regs.Regs) error {
	const syscallLen = 2
	r.RIP, r.RAX, r.OrigRAX = r.RIP-syscallLen, r.OrigRAX, ^uint64(0)
	return nil
}

func callResult(r *regs.Regs) int64 { return int64(r.RAX) }
