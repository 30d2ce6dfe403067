package regs

import "warder/internal/ptrace"

// pcNames are the names that set the program counter, and callName that of
// the number of the call that the thread is in: it is not in the general set.
var pcNames = []string{"pc"}

const callName = ""

// sets are the kinds of registers of a thread.
func sets() []set {
	return []set{
		{"general", Names, generalParts, generalInfo, readGeneral},
		{"vector", vectorNames, vectorParts, vectorInfo, readVectorBank},
	}
}

// leaveCall tells the kernel that the thread is in no call to restart.
func (t *Thread) leaveCall() error {
	if err := ptrace.CancelRestart(t.tid); err != nil {
		return &Error{"leave the call", t.tid, err}
	}
	return nil
}

func vectorInfo(name string) (Info, error) {
	_, i, err := findWide(name)
	return i, err
}

// vbank is FPSIMD as a set of a Thread.
type vbank struct{ *FPSIMD }

func readVectorBank(tid int) (bank, error) {
	x, err := ReadFPSIMD(tid)
	if err != nil {
		return nil, err
	}
	return vbank{x}, nil
}

func (b vbank) get(name string) (Value, bool)  { return b.Get(name) }
func (b vbank) set(name string, v Value) error { return b.Set(name, v) }
func (b vbank) write(tid int) error            { return b.Write(tid) }
func (b vbank) clone() bank                    { return vbank{b.Clone()} }
