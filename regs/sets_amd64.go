package regs

import "slices"

// pcNames are the names that set the program counter, and callName that of
// the number of the call that the thread is in.
var pcNames = []string{"rip", "pc", "eip"}

const callName = "orig_rax"

// sets are the kinds of registers of a thread.
func sets() []set {
	return []set{
		{"general", Names, generalParts, generalInfo, readGeneral},
		{"vector", vectorNames, vectorParts, vectorInfo, readVectorBank},
		{"debug", (*Debug)(nil).Names, func() []string { return nil }, debugLookup, readDebugBank},
	}
}

// leaveCall tells the kernel that the thread is in no call to restart.
func (t *Thread) leaveCall() error { return t.Set(callName, Uint(^uint64(0))) }

func vectorNames() []string { return namesOf(cpuLayout()) }

func vectorParts() []string { return partsOf(cpuLayout()) }

func vectorInfo(name string) (Info, error) {
	r, err := findWide(name, cpuLayout())
	if err != nil {
		return Info{}, err
	}
	return r.info(name), nil
}

// xbank is XState as a set of a Thread.
type xbank struct{ *XState }

func readVectorBank(tid int) (bank, error) {
	x, err := ReadXState(tid)
	if err != nil {
		return nil, err
	}
	return xbank{x}, nil
}

func (b xbank) get(name string) (Value, bool)  { return b.Get(name) }
func (b xbank) set(name string, v Value) error { return b.Set(name, v) }
func (b xbank) write(tid int) error            { return b.Write(tid) }
func (b xbank) clone() bank                    { return xbank{b.Clone()} }

func debugLookup(name string) (Info, error) {
	if !slices.Contains(debugNames[:], name) {
		return Info{}, ErrUnknown
	}
	return debugInfo(name), nil
}

// dbank is Debug as a set of a Thread.
type dbank struct{ *Debug }

func readDebugBank(tid int) (bank, error) {
	d, err := ReadDebug(tid)
	if err != nil {
		return nil, err
	}
	return dbank{d}, nil
}

func (b dbank) get(name string) (Value, bool) {
	v, ok := b.Get(name)
	return Uint(v), ok
}

func (b dbank) set(name string, v Value) error {
	if v.Len() > 64 {
		return &Error{"set " + name, 0, ErrRange}
	}
	return b.Set(name, v.Uint64())
}

func (b dbank) write(tid int) error { return b.Write(tid) }

func (b dbank) clone() bank {
	d := *b.Debug
	return dbank{&d}
}
