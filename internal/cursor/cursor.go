// Package cursor reads numbers and strings from bytes that somebody else
// chose: little-endian, LEB128, NUL-ended.
//
// A [Cursor] never reads outside its bytes. The first read that would, or a
// LEB128 number over 64 bits, makes it bad; from then on every read gives zero
// and does not move, so a caller reads a whole structure and asks once. A loop
// whose end is a number that was read must look at Bad in each turn.
//
// Limits: the file formats that it is for are little-endian on all of our
// machines; big-endian files are the caller's to refuse.
package cursor

import (
	"bytes"
	"encoding/binary"
)

// Cursor is a place in bytes. The zero value is at the end of nothing.
type Cursor struct {
	b   []byte
	off int
	bad bool
}

// New returns a cursor at b[off]. It is bad where off is outside of b; the
// end of b is inside.
func New(b []byte, off uint64) Cursor {
	if off > uint64(len(b)) {
		return Cursor{b: b, off: len(b), bad: true}
	}
	return Cursor{b: b, off: int(off)}
}

// Bad says that something did not fit.
func (c *Cursor) Bad() bool { return c.bad }

// Fail makes the cursor bad: the caller met a number that cannot be.
func (c *Cursor) Fail() { c.bad = true }

// Off returns the place in the bytes.
func (c *Cursor) Off() uint64 { return uint64(c.off) }

// Len returns how many bytes are left; 0 when bad.
func (c *Cursor) Len() int {
	if c.bad {
		return 0
	}
	return len(c.b) - c.off
}

// Bytes returns the next n bytes, which are the caller's to read only.
func (c *Cursor) Bytes(n uint64) []byte {
	if c.bad || n > uint64(len(c.b)-c.off) {
		c.bad = true
		return nil
	}
	p := c.b[c.off : c.off+int(n) : c.off+int(n)]
	c.off += int(n)
	return p
}

// Skip passes over n bytes.
func (c *Cursor) Skip(n uint64) { c.Bytes(n) }

// Seek goes to b[off].
func (c *Cursor) Seek(off uint64) {
	if c.bad || off > uint64(len(c.b)) {
		c.bad = true
		return
	}
	c.off = int(off)
}

// Sub returns a cursor over the next n bytes, its offsets still those of the
// whole, and passes over them.
func (c *Cursor) Sub(n uint64) Cursor {
	start := c.off
	if c.Bytes(n) == nil && c.bad {
		return Cursor{bad: true}
	}
	return Cursor{b: c.b[:c.off], off: start}
}

// U8 reads one byte.
func (c *Cursor) U8() uint8 {
	if c.bad || c.off >= len(c.b) {
		c.bad = true
		return 0
	}
	v := c.b[c.off]
	c.off++
	return v
}

// U16 reads two bytes.
func (c *Cursor) U16() uint16 {
	if p := c.Bytes(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

// U24 reads three bytes.
func (c *Cursor) U24() uint32 {
	if p := c.Bytes(3); p != nil {
		return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16
	}
	return 0
}

// U32 reads four bytes.
func (c *Cursor) U32() uint32 {
	if p := c.Bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// U64 reads eight bytes.
func (c *Cursor) U64() uint64 {
	if p := c.Bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// Uint reads an unsigned number of 1, 2, 3, 4 or 8 bytes; another size is bad.
func (c *Cursor) Uint(size int) uint64 {
	switch size {
	case 1:
		return uint64(c.U8())
	case 2:
		return uint64(c.U16())
	case 3:
		return uint64(c.U24())
	case 4:
		return uint64(c.U32())
	case 8:
		return c.U64()
	}
	c.bad = true
	return 0
}

// ULEB reads an unsigned LEB128 number.
func (c *Cursor) ULEB() uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := c.U8()
		// The tenth byte has room for one bit. Padding behind it (0x80 …) is
		// legal and nobody writes it.
		if c.bad || shift > 63 || shift == 63 && b > 1 {
			c.bad = true
			return 0
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

// SLEB reads a signed LEB128 number.
func (c *Cursor) SLEB() int64 {
	var v int64
	for shift := uint(0); ; {
		b := c.U8()
		if c.bad || shift > 63 {
			c.bad = true
			return 0
		}
		v |= int64(b&0x7f) << shift
		shift += 7
		if b < 0x80 {
			if b&0x40 != 0 && shift < 64 {
				v |= -1 << shift
			}
			return v
		}
	}
}

// CString reads up to a NUL, which it passes, and returns what was before it.
func (c *Cursor) CString() []byte {
	if c.bad {
		return nil
	}
	i := bytes.IndexByte(c.b[c.off:], 0)
	if i < 0 {
		c.bad = true
		return nil
	}
	p := c.b[c.off : c.off+i : c.off+i]
	c.off += i + 1
	return p
}
