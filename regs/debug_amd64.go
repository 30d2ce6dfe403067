package regs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// Debug is the debug registers of a thread: four addresses that the CPU
// watches, what it saw (DR6) and what it is to watch for (DR7). See
// [Debug.Watch] for a view of DR7.
//
// A thread that meets what it is to watch for gets SIGTRAP, which a tracer
// sees and which kills a program that is not traced and does not expect it:
// switch watching off before letting a program go. New threads do not inherit
// the registers; an execve clears them.
type Debug struct {
	DR       [4]uint64
	DR6, DR7 uint64
}

// debugOffset is that of u_debugreg in struct user
// (arch/x86/include/asm/user_64.h).
const debugOffset = 848

var debugNames = [...]string{"dr0", "dr1", "dr2", "dr3", "dr6", "dr7"}

// debugNumber is the place of debugNames[i] in u_debugreg: 4 and 5 are not
// registers.
var debugNumber = [...]uintptr{0, 1, 2, 3, 6, 7}

// ReadDebug returns the debug registers of a stopped thread.
func ReadDebug(tid int) (*Debug, error) {
	d := new(Debug)
	for i := range debugNames {
		v, err := ptrace.PeekUser(tid, debugOffset+8*debugNumber[i])
		if err != nil {
			return nil, &Error{"read debug registers", tid, err}
		}
		*d.ref(i) = v
	}
	return d, nil
}

// Write sets the debug registers of a stopped thread, all or none. The kernel
// refuses (EINVAL) addresses of its own, and what Watch would not make; ENOSPC
// means that others (perf) use the CPU's registers.
func (d *Debug) Write(tid int) error {
	old, err := ReadDebug(tid)
	if err != nil {
		return err
	}
	if err := d.write(tid); err != nil {
		if again := old.write(tid); again != nil && !errors.Is(again, unix.ESRCH) {
			err = fmt.Errorf("%w, and what was there could not be put back: %w", err, again)
		}
		return &Error{"write debug registers", tid, err}
	}
	return nil
}

// write is Write that may end half way. An address is checked against what is
// watched for there, so nothing is while they change.
func (d *Debug) write(tid int) error {
	poke := func(n uintptr, v uint64) error {
		if err := ptrace.PokeUser(tid, debugOffset+8*n, v); err != nil {
			return fmt.Errorf("dr%d = %#x: %w", n, v, err)
		}
		return nil
	}
	if err := poke(7, 0); err != nil {
		return err
	}
	for i := range debugNames {
		if err := poke(debugNumber[i], *d.ref(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Debug) ref(i int) *uint64 {
	switch i {
	case 4:
		return &d.DR6
	case 5:
		return &d.DR7
	}
	return &d.DR[i]
}

// Names returns the debug registers in the order of String.
func (d *Debug) Names() []string { return slices.Clone(debugNames[:]) }

// Get returns a debug register: "dr0" to "dr3", "dr6", "dr7".
func (d *Debug) Get(name string) (uint64, bool) {
	i := slices.Index(debugNames[:], name)
	if i < 0 {
		return 0, false
	}
	return *d.ref(i), true
}

// Set changes a debug register, in d only: Write carries it to the thread.
func (d *Debug) Set(name string, value uint64) error {
	i := slices.Index(debugNames[:], name)
	if i < 0 {
		return &Error{"set " + name, 0, ErrUnknown}
	}
	*d.ref(i) = value
	return nil
}

// DiffDebug lists the registers that differ between a, the older, and b.
func DiffDebug(a, b *Debug) []Change {
	var changes []Change
	for i, name := range debugNames {
		if was, is := *a.ref(i), *b.ref(i); was != is {
			changes = append(changes, Change{name, was, is})
		}
	}
	return changes
}

// String prints one register a line: name, hexadecimal, and what it means.
func (d *Debug) String() string {
	var b strings.Builder
	for i, name := range debugNames {
		b.WriteString(debugInfo(name).Line(Uint(*d.ref(i))))
	}
	return b.String()
}

// MarshalJSON gives one object, name to hexadecimal string.
func (d *Debug) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range debugNames {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q:\"%#x\"", name, *d.ref(i))
	}
	return append(b, '}'), nil
}

func debugInfo(name string) Info {
	i := Info{Name: name, Set: "debug", Bits: 64, natural: func(v Value) string { return v.String() }}
	switch name {
	case "dr6":
		i.natural = func(v Value) string { return flagList(dr6Flags, v.Uint64()) }
	case "dr7":
		i.natural = func(v Value) string { return watchList(v.Uint64()) }
	}
	return i
}

// dr6Flags are what the CPU reports: which address, an access to the debug
// registers themselves, a single step, a task switch.
var dr6Flags = []flag{{"b0", 0}, {"b1", 1}, {"b2", 2}, {"b3", 3}, {"bd", 13}, {"bs", 14}, {"bt", 15}}

// WatchKind is what the CPU watches for.
type WatchKind uint8

// Kinds, with their values in DR7. 2, input and output, is not for user code.
const (
	WatchExecute   WatchKind = 0
	WatchWrite     WatchKind = 1
	WatchReadWrite WatchKind = 3 // there is none for reading alone
)

// String gives gdb's letters: x, w, rw.
func (k WatchKind) String() string {
	switch k {
	case WatchExecute:
		return "x"
	case WatchWrite:
		return "w"
	case WatchReadWrite:
		return "rw"
	}
	return "kind" + strconv.Itoa(int(k))
}

// Watch is one of the four addresses with its part of DR7.
type Watch struct {
	Addr    uint64
	Len     int // 1, 2, 4 or 8 bytes, and Addr a multiple of it; 1 for WatchExecute
	Kind    WatchKind
	Enabled bool
}

// lengths are DR7's two bits of length.
var lengths = [...]int{1, 2, 8, 4}

// Watch returns watch i, 0 to 3.
func (d *Debug) Watch(i int) (Watch, error) {
	if i < 0 || i > 3 {
		return Watch{}, &Error{"watch " + strconv.Itoa(i), 0, ErrUnknown}
	}
	return watchOf(d.DR7, i, d.DR[i]), nil
}

func watchOf(dr7 uint64, i int, addr uint64) Watch {
	bits := dr7 >> (16 + 4*i)
	return Watch{addr, lengths[bits>>2&3], WatchKind(bits & 3), dr7>>(2*i)&3 != 0}
}

// SetWatch changes watch i, 0 to 3, in d only: Write carries it to the
// thread. What the CPU or the kernel would refuse is an error.
func (d *Debug) SetWatch(i int, w Watch) error {
	length := slices.Index(lengths[:], w.Len)
	err := error(nil)
	switch {
	case i < 0 || i > 3:
		err = ErrUnknown
	case w.Kind != WatchExecute && w.Kind != WatchWrite && w.Kind != WatchReadWrite:
		err = fmt.Errorf("%s cannot be watched for", w.Kind)
	case length < 0 || w.Kind == WatchExecute && w.Len != 1:
		err = fmt.Errorf("%d bytes cannot be watched for %s", w.Len, w.Kind)
	case w.Addr%uint64(w.Len) != 0:
		err = fmt.Errorf("the address %#x is no multiple of %d", w.Addr, w.Len)
	}
	if err != nil {
		return &Error{"watch " + strconv.Itoa(i), 0, err}
	}
	d.DR[i] = w.Addr
	d.DR7 &^= 0xf<<(16+4*i) | 3<<(2*i)
	d.DR7 |= (uint64(length)<<2 | uint64(w.Kind)) << (16 + 4*i)
	if w.Enabled {
		d.DR7 |= 1 << (2 * i) // the local bit: the kernel keeps the registers for each thread
	}
	return nil
}

// watchList prints what is enabled: "[ 0:w4 2:x1 ]".
func watchList(dr7 uint64) string {
	s := "["
	for i := range 4 {
		if w := watchOf(dr7, i, 0); w.Enabled {
			s += fmt.Sprintf(" %d:%s%d", i, w.Kind, w.Len)
		}
	}
	return s + " ]"
}
