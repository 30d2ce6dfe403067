package snapshot

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"warder/memory"
)

const (
	prGetTIDAddress = 40 // PR_GET_TID_ADDRESS
	sigSetSize      = 8

	// Where in the scratch page the calls put their results.
	scratchStack   = 0  // stack_t
	scratchAddress = 24 // the address to clear
	scratchActions = 32 // struct sigaction: handler, flags, restorer, mask
	actionSize     = 32
	maxSignals     = 64
	scratchSize    = scratchActions + maxSignals*actionSize
)

const unknownFacts = "alternate stacks, signal actions and addresses to clear are not all known: %v"

// injectFacts has the threads ask the kernel what only they may ask. What
// fails stays unknown.
//
// The results need memory of the process. That is the page that the stack
// pointer is in, which was written, so it can be; nobody runs meanwhile, and
// its bytes are put back. On a process that shares its memory with another one
// (vfork(2), CLONE_VM) that other sees them.
func injectFacts(in Injector, s *State, sel *selection) {
	p := &s.Process
	for i := range s.Threads {
		t := &s.Threads[i]
		calls := []Call{
			{Nr: unix.SYS_SIGALTSTACK, Args: [6]uint64{0, scratchStack}},
			{Nr: unix.SYS_PRCTL, Args: [6]uint64{prGetTIDAddress, scratchAddress}},
		}
		var signals []int
		if i == 0 {
			for n := 1; n <= maxSignals; n++ {
				if (p.Signals.Caught|p.Signals.Ignored)>>(n-1)&1 != 0 {
					to := scratchActions + uint64(len(signals))*actionSize
					signals = append(signals, n)
					calls = append(calls, Call{Nr: unix.SYS_RT_SIGACTION, Args: [6]uint64{uint64(n), 0, to, sigSetSize}})
				}
			}
			calls = append(calls, Call{Nr: unix.SYS_BRK})
		}
		b, err := ask(in, sel.mem, t, calls)
		if err != nil {
			sel.note(unknownFacts, err)
			return
		}
		for _, c := range calls {
			if c.Result < 0 {
				sel.note(unknownFacts, unix.Errno(-c.Result))
				break
			}
		}
		le := binary.LittleEndian
		if calls[0].Result == 0 {
			t.AltStack = &AltStack{SP: le.Uint64(b), Flags: int32(le.Uint32(b[8:])), Size: le.Uint64(b[16:])}
		}
		if calls[1].Result == 0 {
			addr := le.Uint64(b[scratchAddress:])
			t.ClearChildTID = &addr
		}
		if i > 0 {
			continue
		}
		p.Signals.Actions = []SigAction{}
		for j, n := range signals {
			if calls[2+j].Result != 0 {
				p.Signals.Actions = nil
				break
			}
			a := b[scratchActions+j*actionSize:]
			p.Signals.Actions = append(p.Signals.Actions, SigAction{
				Signal: n, Handler: le.Uint64(a), Flags: le.Uint64(a[8:]), Restorer: le.Uint64(a[16:]), Mask: le.Uint64(a[24:]),
			})
		}
		if brk := calls[len(calls)-1].Result; brk > 0 {
			p.Layout.Brk, p.Layout.BrkRounded = uint64(brk), false
		}
	}
}

// ask makes calls whose pointers are offsets into a scratch buffer, and
// returns the buffer as the calls left it.
func ask(in Injector, mem *memory.Space, t *Thread, calls []Call) ([]byte, error) {
	scratch := t.Regs.SP() &^ uint64(pageSize-1)
	for i := range calls {
		c := &calls[i]
		switch c.Nr {
		case unix.SYS_SIGALTSTACK, unix.SYS_PRCTL:
			c.Args[1] += scratch
		case unix.SYS_RT_SIGACTION:
			c.Args[2] += scratch
		}
	}
	saved := make([]byte, scratchSize)
	if _, err := mem.ReadAt(saved, int64(scratch)); err != nil {
		return nil, err
	}
	if err := in.Inject(t.TID, calls); err != nil {
		return nil, err
	}
	got := make([]byte, scratchSize)
	_, err := mem.ReadAt(got, int64(scratch))
	if _, back := mem.WriteAt(saved, int64(scratch)); back != nil {
		return nil, back
	}
	return got, err
}
