package snapshot

import (
	"golang.org/x/sys/unix"

	"warder/regs"
)

// trap is code that must not be run: ud2. It is not a breakpoint, which its
// holder wants to set there.
var trap = []byte{0x0f, 0x0b}

// setVector sets a thread's vector state, in this CPU's own layout.
func setVector(t *Thread, h *Host, tid int) error {
	raw := t.Set(ntXState)
	if raw == nil {
		return nil
	}
	l := regs.Layout{Size: len(raw)}
	for _, c := range h.XSave {
		l.Components = append(l.Components, regs.Component{ID: c.Bit, Offset: int(c.Offset), Size: int(c.Size)})
	}
	x, err := regs.NewXState(raw, l)
	if err != nil {
		return refuse("the vector registers of thread %d: %v", t.TID, err)
	}
	if x, err = x.To(regs.CPULayout()); err != nil {
		return refuse("the vector registers of thread %d: %v", t.TID, err)
	}
	return x.Write(tid)
}

// restarted changes the registers of a thread that was inside a call to those
// with which it makes the call again, or sees that it was interrupted.
func restarted(r *regs.Regs, restart *Restart) {
	const (
		syscallLen   = 2
		restartBlock = 516 // its time is counted by the kernel that is no more
		notYet       = -int64(unix.ENOSYS)
	)
	switch {
	case restart != nil && restart.Errno == restartBlock:
		eintr := -int64(unix.EINTR)
		r.RAX = uint64(eintr)
	case restart != nil, int64(r.OrigRAX) >= 0 && int64(r.RAX) == notYet:
		r.RAX, r.RIP = r.OrigRAX, r.RIP-syscallLen
	}
	r.OrigRAX = ^uint64(0)
}
