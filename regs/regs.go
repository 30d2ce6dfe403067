// Package regs reads and writes the registers of a stopped thread: it names
// them, finds their parts by the usual names, compares and prints them.
//
// [Regs] is the general set, which every stop has. Its fields differ between
// architectures; PC, SP, Get, Set, Names and Diff do not. Other sets are types
// of their own with the same shape: [Vector] is floating point and vector
// state, and on x86-64 Debug the debug registers. Their registers may be wider
// than a machine word: they hold a [Value]. [Thread] is all sets of a thread
// together, by name, and [Lookup] says what a name stands for.
//
// Limits: all reading and writing is ptrace(2), so it must be done on the OS
// thread that traces the tracee while that is stopped; otherwise, and when
// the tracee was killed meanwhile, the error is unix.ESRCH. At a stop inside
// a call, a program counter that is moved may be moved again when the kernel
// restarts the call: see ptrace.CancelRestart.
package regs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnknown is the cause when no register has the name. ErrRange is the
// cause when a value has more bits than the register.
var (
	ErrUnknown = errors.New("no such register")
	ErrRange   = errors.New("value too large")
)

// Error is a failed operation on a thread's registers or, with TID 0, on a
// copy of them. Err holds ptrace's errno or one of the sentinels.
type Error struct {
	Op  string // "read", "write", "set rax"
	TID int
	Err error
}

func (e *Error) Error() string {
	if e.TID == 0 {
		return fmt.Sprintf("regs: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("regs: %s of thread %d: %v", e.Op, e.TID, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// view is a register, or a part of one, as a name gives it.
type view struct {
	reg   uint8 // index into names
	shift uint8
	bits  uint8 // 1 to 64
	zero  bool  // a write clears the rest of the register, as the CPU does
}

func (v view) mask() uint64 { return 1<<v.bits - 1 } // all ones for 64: the shift gives 0

// Read returns the registers of a stopped thread.
func Read(tid int) (*Regs, error) {
	r := new(Regs)
	if err := ReadInto(tid, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Names returns the full registers in the order of String. Parts of them
// (eax, zf) have names too, which only Get and Set know.
func Names() []string { return append([]string(nil), names[:]...) }

// Get returns a register or a part of one by its usual lower-case name. False
// means that there is none of that name.
func (r *Regs) Get(name string) (uint64, bool) {
	v, ok := views()[name]
	if !ok {
		return 0, false
	}
	return *r.ref(int(v.reg)) >> v.shift & v.mask(), true
}

// Set changes a register or a part of one by its usual lower-case name, in r
// only: Write carries it to the thread. A part keeps the rest of its
// register, but for the 32-bit names, which zero the upper half as the CPU
// does. The error's cause is ErrUnknown or ErrRange.
func (r *Regs) Set(name string, value uint64) error {
	v, ok := views()[name]
	if !ok {
		return &Error{"set " + name, 0, ErrUnknown}
	}
	if value > v.mask() {
		return &Error{"set " + name, 0, ErrRange}
	}
	p := r.ref(int(v.reg))
	if v.zero {
		*p = value
	} else {
		*p = *p&^(v.mask()<<v.shift) | value<<v.shift
	}
	return nil
}

// Change is one register that differs.
type Change struct {
	Name     string
	Old, New uint64
}

func (c Change) String() string {
	return fmt.Sprintf("%s %#x -> %#x", c.Name, c.Old, c.New)
}

// Diff lists the full registers that differ between a, the older, and b, in
// the order of Names.
func Diff(a, b *Regs) []Change {
	var changes []Change
	for i, name := range names {
		if was, is := *a.ref(i), *b.ref(i); was != is {
			changes = append(changes, Change{name, was, is})
		}
	}
	return changes
}

// String prints one register a line in the columns of gdb's "info
// registers": name, hexadecimal, and decimal, address or flags.
func (r Regs) String() string {
	var b strings.Builder
	for i, name := range names {
		v := *r.ref(i)
		fmt.Fprintf(&b, "%-15s%-20s%s\n", name, fmt.Sprintf("%#x", v), natural(i, v))
	}
	return b.String()
}

// MarshalJSON gives one object, name to hexadecimal string, in the order of
// Names. Strings, because JSON's numbers lose what is above 2^53.
func (r Regs) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q:\"%#x\"", name, *r.ref(i))
	}
	return append(b, '}'), nil
}

// flag is one bit of the flags register.
type flag struct {
	name string
	bit  uint8
}

// flagList prints the flags that are set as gdb does: "[ ZF PF ]".
func flagList(flags []flag, v uint64) string {
	s := "["
	for _, f := range flags {
		if v>>f.bit&1 != 0 {
			s += " " + strings.ToUpper(f.name)
		}
	}
	return s + " ]"
}

// generalInfo says what a name of the general set stands for.
func generalInfo(name string) (Info, error) {
	v, ok := views()[name]
	if !ok {
		return Info{}, ErrUnknown
	}
	i := Info{Name: name, Set: "general", Bits: int(v.bits)}
	if v.shift == 0 && int(v.bits) == fullBits(int(v.reg)) {
		i.natural = func(value Value) string { return natural(int(v.reg), value.Uint64()) }
	}
	return i, nil
}

// fullBits is the width of names[i].
func fullBits(i int) int { return int(views()[names[i]].bits) }

// generalParts are the names of the general set that are not full registers.
func generalParts() []string {
	full := map[string]bool{}
	for _, name := range names {
		full[name] = true
	}
	var parts []string
	for name := range views() {
		if !full[name] {
			parts = append(parts, name)
		}
	}
	slices.Sort(parts)
	return parts
}

// general is Regs as a set of a Thread.
type general struct{ *Regs }

func readGeneral(tid int) (bank, error) {
	r, err := Read(tid)
	if err != nil {
		return nil, err
	}
	return general{r}, nil
}

func (g general) get(name string) (Value, bool) {
	v, ok := views()[name]
	if !ok {
		return nil, false
	}
	n, _ := g.Get(name)
	return Uint(n)[:(v.bits+7)/8], true
}

func (g general) set(name string, v Value) error {
	if v.Len() > 64 {
		return &Error{"set " + name, 0, ErrRange}
	}
	return g.Set(name, v.Uint64())
}

func (g general) write(tid int) error { return g.Write(tid) }

func (g general) clone() bank {
	r := *g.Regs
	return general{&r}
}
