package trace

import (
	"sync"

	"warder/abi"
	"warder/regs"
	"warder/rules"
)

// The calls that a collector treats in their own way, by number: a name is
// looked up once.
type callKind uint8

const (
	leaver   callKind = 1 << iota // does not return
	mover                         // returns to another stack than it was made on
	restorer                      // finds what it returns to on the stack
)

// kindTable is made with the first collector.
var kindTable = sync.OnceValue(func() *[tables][tableSize]callKind {
	table := new([tables][tableSize]callKind)
	for _, row := range []struct {
		kind  callKind
		names []string
	}{
		{leaver, []string{"exit", "exit_group"}},
		{mover, []string{"execve", "execveat", "rt_sigreturn", "sigreturn"}},
		{restorer, []string{"rt_sigreturn", "sigreturn"}},
	} {
		for arch := range abi.Arch(tables) {
			for _, name := range row.names {
				if nr, ok := arch.Number(name); ok && nr < tableSize {
					table[arch][nr] |= row.kind
				}
			}
		}
	}
	return table
})

// tables is one more than the last architecture; no table of calls is longer
// than tableSize.
const (
	tables    = int(abi.I386) + 1
	tableSize = 1024
)

// kindOf is a call's kind.
func (c *Collector) kindOf(call *rules.Call) callKind {
	if int(call.Arch) >= tables || call.Nr >= tableSize {
		return 0
	}
	return c.kinds[call.Arch][call.Nr]
}

// stackPointer is a stopped thread's, 0 where it is gone.
func stackPointer(tid int) uint64 {
	r, err := regs.Read(tid)
	if err != nil {
		return 0
	}
	return r.SP()
}
