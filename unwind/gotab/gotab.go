// Package gotab reads the table that every Go program carries for its own
// backtraces (pclntab): functions with their names, files and lines, and how
// far the stack pointer is from a frame's end at each instruction. It is there
// in stripped programs, too.
//
// The format is described by its writer, cmd/link/internal/ld/pcln.go, and its
// reader, runtime/symtab.go. It belongs to the program and may say anything:
// nothing here reads outside of it, and a look-up takes at most as many steps
// as a function has entries, [maxSteps].
//
// Limits: programs of Go 1.18 and later, little-endian, 64 bits. Inlined calls
// are not told apart (that needs more than the table): name and file may be
// those of different functions then.
package gotab

import (
	"bytes"
	"errors"

	"warder/internal/cursor"
)

// ErrFormat is the cause when it is no such table, or one of another version.
var ErrFormat = errors.New("not a table of Go 1.18 or later")

const (
	magic118 = 0xfffffff0
	magic120 = 0xfffffff1

	maxSteps = 1 << 17
	maxName  = 4096
)

// Flags of functions (internal/abi/symtab.go).
const (
	flagTop     = 1
	flagSPWrite = 2
)

// Table is one program's, or plugin's. It is read only.
type Table struct {
	b       []byte
	text    uint64
	v118    bool
	minStep uint64
	count   uint64
	names   uint64 // offsets in b
	units   uint64
	files   uint64
	values  uint64
	functab uint64
}

// Func is one function.
type Func struct {
	Name       string
	Entry, End uint64 // End is the next function's first address
	Top        bool   // it is the outermost of its stack
	Switches   bool   // it changes the stack pointer as the table cannot tell

	at uint64 // of its data in the table
}

// New takes the table and the address of the symbol runtime.text, which all
// addresses are relative to; 0 where it is not known: until Go 1.25 the table
// has it.
func New(b []byte, text uint64) (*Table, error) {
	c := cursor.New(b, 0)
	magic := c.U32()
	pad, minStep, pointer := c.U16(), c.U8(), c.U8()
	if magic != magic118 && magic != magic120 || pad != 0 || pointer != 8 || minStep == 0 {
		return nil, ErrFormat
	}
	t := &Table{b: b, text: text, v118: magic == magic118, minStep: uint64(minStep)}
	t.count = c.U64()
	c.U64() // files
	if own := c.U64(); text == 0 {
		t.text = own
	}
	t.names, t.units, t.files, t.values, t.functab = c.U64(), c.U64(), c.U64(), c.U64(), c.U64()
	if c.Bad() || t.text == 0 || t.functab > uint64(len(b)) || t.count > (uint64(len(b))-t.functab)/8 {
		return nil, ErrFormat
	}
	return t, nil
}

// Size returns how many bytes the table is.
func (t *Table) Size() int64 { return int64(len(t.b)) }

// function returns where function i begins and where its data are.
func (t *Table) function(i uint64) (entry, at uint64, ok bool) {
	c := cursor.New(t.b, t.functab+8*i)
	entry, at = t.text+uint64(c.U32()), t.functab+uint64(c.U32())
	return entry, at, !c.Bad()
}

// Find returns the function that holds an address.
func (t *Table) Find(addr uint64) (Func, bool) {
	lo, hi := uint64(0), t.count
	for lo < hi {
		mid := (lo + hi) / 2
		entry, _, ok := t.function(mid)
		if ok && entry <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return Func{}, false
	}
	f := Func{}
	var ok bool
	if f.Entry, f.at, ok = t.function(lo - 1); !ok {
		return Func{}, false
	}
	// Behind the last function there is one more entry: its end.
	c := cursor.New(t.b, t.functab+8*lo)
	f.End = t.text + uint64(c.U32())
	if c.Bad() || addr < f.Entry || addr >= f.End {
		return Func{}, false
	}
	c = cursor.New(t.b, f.at)
	c.U32() // entry
	f.Name = t.text32(t.names, c.U32())
	c.Seek(f.at + t.flagsAt() + 1)
	flags := c.U8()
	f.Top, f.Switches = flags&flagTop != 0, flags&flagSPWrite != 0
	return f, !c.Bad() && f.Name != ""
}

// flagsAt is the offset of a function's id and flags.
func (t *Table) flagsAt() uint64 {
	if t.v118 {
		return 36
	}
	return 40
}

// text32 returns a NUL-ended string.
func (t *Table) text32(base uint64, off uint32) string {
	if base > uint64(len(t.b)) || uint64(off) > uint64(len(t.b))-base {
		return ""
	}
	s := t.b[base+uint64(off):]
	s = s[:min(len(s), maxName)]
	if i := bytes.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return string(s)
}

// field returns a 4-byte field of a function's data.
func (t *Table) field(f Func, off uint64) uint32 {
	c := cursor.New(t.b, f.at)
	c.Skip(off)
	return c.U32()
}

// value looks an address up in one of a function's tables of values.
func (t *Table) value(f Func, off uint32, addr uint64) (int64, bool) {
	if off == 0 || t.values > uint64(len(t.b)) {
		return 0, false
	}
	c := cursor.New(t.b, t.values+uint64(off))
	v, at := int64(-1), f.Entry
	for step := range maxSteps {
		delta := c.ULEB()
		if delta == 0 && step > 0 || c.Bad() {
			return 0, false
		}
		// Zigzag: the sign is the lowest bit.
		v += int64(delta>>1) ^ -int64(delta&1)
		at += c.ULEB() * t.minStep
		if c.Bad() {
			return 0, false
		}
		if addr < at {
			return v, true
		}
	}
	return 0, false
}

// Depth returns how many bytes the stack pointer is below its value at the
// function's entry, when the next instruction is at addr.
func (t *Table) Depth(f Func, addr uint64) (uint64, bool) {
	v, ok := t.value(f, t.field(f, 16), addr)
	return uint64(v), ok && v >= 0
}

// Line returns the source file and line of an address.
func (t *Table) Line(f Func, addr uint64) (file string, line int) {
	if v, ok := t.value(f, t.field(f, 24), addr); ok && v > 0 && v < 1<<31 {
		line = int(v)
	}
	v, ok := t.value(f, t.field(f, 20), addr)
	if !ok || v < 0 || v > 1<<31 {
		return "", line
	}
	unit := uint64(t.field(f, 32))
	c := cursor.New(t.b, t.units)
	c.Skip(4 * (unit + uint64(v)))
	off := c.U32()
	if c.Bad() || off == ^uint32(0) {
		return "", line
	}
	return t.text32(t.files, off), line
}
