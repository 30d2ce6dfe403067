package abi

import (
	"strconv"
	"strings"
)

// FlagSet names a group of constants that one argument takes: bits to be
// ORed, an enumeration, or a field of one beside the bits of the other (open's
// access mode, mmap's type). The zero value is no set: it formats as a number
// and parses nothing.
//
// Formatting follows strace; values are those of x86-64, which asm-generic and
// so arm64 share but for four open flags.
type FlagSet uint8

type constant struct {
	name  string
	value uint64
}

// set is one FlagSet's table. The field is the mask of bits that together hold
// one of values; without it a value stands only for the whole number, as
// PROT_NONE does.
type set struct {
	field  uint64
	values []constant
	bits   []constant
	form   form
}

// form tells how a field without names is printed.
type form uint8

const (
	plain      form = iota
	signalLast      // a signal number, after the bits (clone)
	octalLast       // permission bits, after the others (shmget)
)

// is compares with a constant. A negative C int may come sign-extended or cut
// to 32 bits.
func (c constant) is(v uint64) bool {
	return c.value == v || v>>32 == 0 && c.value>>32 == 1<<32-1 && uint64(uint32(c.value)) == v
}

func (f FlagSet) set() (set, bool) {
	if f == 0 || int(f) >= len(sets) {
		return set{}, false
	}
	return sets[f], true
}

// Format prints a value as strace does: O_RDONLY|O_CLOEXEC, MADV_DONTNEED,
// SIGCHLD for a clone without flags. Bits without a name are appended as one
// hexadecimal number, |0x40; a value with no name at all is 0x40; nothing is
// 0. Only the bits that the kernel reads should be handed in: see [Arg.Value].
func (f FlagSet) Format(v uint64) string {
	return string(f.Append(nil, v))
}

// Append appends what [FlagSet.Format] returns to b.
func (f FlagSet) Append(b []byte, v uint64) []byte {
	s, ok := f.set()
	if !ok {
		return appendHex(b, v)
	}
	start, rest := len(b), v
	or := func() {
		if len(b) > start {
			b = append(b, '|')
		}
	}
	last := uint64(0)
	switch {
	case s.form != plain:
		last, rest = v&s.field, v&^s.field
	case s.field != 0:
		if name := valueName(s.values, v&s.field); name != "" {
			b, rest = append(b, name...), v&^s.field
		} else if v&s.field != 0 && len(s.bits) == 0 {
			return appendHex(b, v)
		}
	default:
		if name := valueName(s.values, v); name != "" {
			return append(b, name...)
		}
	}
	for i := range s.bits {
		if c := &s.bits[i]; c.value != 0 && rest&c.value == c.value {
			or()
			b, rest = append(b, c.name...), rest&^c.value
		}
	}
	if rest != 0 {
		or()
		b = appendHex(b, rest)
	}
	if last != 0 || s.form == octalLast {
		or()
		if s.form == signalLast {
			b = appendSignal(b, last)
		} else {
			b = AppendMode(b, last)
		}
	}
	if len(b) == start {
		b = append(b, '0')
	}
	return b
}

// Parse returns the value of one of the set's constants. A signal in the low
// byte of clone's flags is not one: see [ParseSignal].
func (f FlagSet) Parse(name string) (v uint64, ok bool) {
	s, ok := f.set()
	if !ok || name == "" {
		return 0, false
	}
	if v, ok = find(s.values, name); ok {
		return v, true
	}
	return find(s.bits, name)
}

// Names returns the names of the set's constants in table order. The slice is
// the caller's.
func (f FlagSet) Names() []string {
	s, ok := f.set()
	if !ok {
		return nil
	}
	names := make([]string, 0, len(s.values)+len(s.bits))
	for i := range s.values {
		names = append(names, s.values[i].name)
	}
	for i := range s.bits {
		names = append(names, s.bits[i].name)
	}
	return names
}

// ParseConstant returns the value of any constant that some set knows, or one
// of a few beside them (AT_FDCWD, SECCOMP_MODE_FILTER): x86-64's value where
// architectures differ. Negative values are sign-extended to 64 bits. Errors
// and signals are not constants: see [ParseErrno] and [ParseSignal].
func ParseConstant(name string) (uint64, bool) {
	if name == "" {
		return 0, false
	}
	for i := range sets {
		if v, ok := FlagSet(i).Parse(name); ok {
			return v, true
		}
	}
	return find(otherConstants, name)
}

// Unknown returns what strace writes in a comment beside a number without any
// name in the set, PROT_??? for instance, or "" if the set's names have no
// common beginning.
func (f FlagSet) Unknown() string {
	names := f.Names()
	if len(names) == 0 {
		return ""
	}
	prefix := names[0]
	for _, name := range names {
		for !strings.HasPrefix(name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	end := strings.LastIndexByte(prefix, '_')
	if end < 0 {
		return ""
	}
	return prefix[:end+1] + "???"
}

// AppendMode appends permission bits in octal with at least three digits and a
// leading zero, as strace prints them: 0644, 022, 000.
func AppendMode(b []byte, mode uint64) []byte {
	b = append(b, '0')
	if mode < 8 {
		b = append(b, '0')
	}
	return strconv.AppendUint(b, mode, 8)
}

func find(table []constant, name string) (uint64, bool) {
	for i := range table {
		if table[i].name == name {
			return table[i].value, true
		}
	}
	return 0, false
}

func valueName(table []constant, v uint64) string {
	for i := range table {
		if table[i].is(v) {
			return table[i].name
		}
	}
	return ""
}

func appendHex(b []byte, v uint64) []byte {
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}

func appendSignal(b []byte, v uint64) []byte {
	if v >= 1 && v <= sigRTMax {
		return append(b, SignalName(int(v))...)
	}
	return strconv.AppendUint(b, v, 10)
}
