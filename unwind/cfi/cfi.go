// Package cfi reads call frame information, .eh_frame with .eh_frame_hdr and
// .debug_frame: for an address of a program it gives the rules by which the
// caller's registers are found from a function's own.
//
// Described in the DWARF 5 standard (6.4) and, for .eh_frame, the Linux
// Standard Base (10.6) and the psABI of the machine. Addresses are those that
// the file was linked to; who asks takes the load bias off.
//
// The sections are the program's and may say anything. Nothing here reads
// outside of them, allocates by a number in them or runs for longer than
// their size and the limits below allow: what is beyond a limit is an error.
//
// Limits: little-endian, addresses of 8 bytes, no segments, no entry over
// [MaxEntry] bytes; of the pointer encodings textrel, funcrel, aligned and
// indirect are errors, but for the personality routine, which is not read.
// Rules of registers from [MaxRegs] on are read and dropped: those are vector
// registers, which no frame is found by.
package cfi

import (
	"errors"
	"slices"

	"warder/internal/cursor"
)

const (
	// MaxRegs is how many registers have rules: x86-64's 16 and the return
	// address, arm64's 32.
	MaxRegs = 33
	// MaxEntry is the largest CIE or FDE in bytes that is read; the largest
	// of a function of generated code are some ten thousand.
	MaxEntry = 1 << 20
	// maxIndex is how many FDEs a section without a search table may have.
	maxIndex = 1 << 20
	maxSaved = 64 // states that DW_CFA_remember_state keeps
	maxSteps = 1 << 16
)

// The causes of errors.
var (
	ErrMalformed   = errors.New("malformed call frame information")
	ErrUnsupported = errors.New("call frame information of an unknown form")
	ErrLimit       = errors.New("call frame information over a limit")
)

// Section is the bytes of a section and the address that it was linked to.
type Section struct {
	Data []byte
	Addr uint64
}

// Table finds functions' rules in one section. It is read only after New…,
// so any number of goroutines may use it.
type Table struct {
	sec   Section
	debug bool // .debug_frame: other ids, offsets for pointers

	hdrAddr uint64 // what datarel is relative to
	hdr     []byte // the sorted table of .eh_frame_hdr: pairs of int32
	index   []span // where there is none
}

// span is one FDE of the index.
type span struct {
	start, end uint64
	off        uint64 // in the section
}

// NewEH takes .eh_frame and, where there is one, .eh_frame_hdr. Without a
// search table of the usual form in hdr the section is read through once. With
// ErrLimit the table holds what came before.
func NewEH(frame, hdr Section) (*Table, error) {
	t := &Table{sec: frame, hdrAddr: hdr.Addr}
	if t.searchTable(hdr) {
		return t, nil
	}
	return t, t.scan()
}

// NewDebug takes .debug_frame, which is read through once. With ErrLimit the
// table holds what came before.
func NewDebug(frame Section) (*Table, error) {
	t := &Table{sec: frame, debug: true}
	return t, t.scan()
}

// Pointer encodings (LSB 10.5.1).
const (
	encOmit     = 0xff
	encUData4   = 0x03
	encDataRel  = 0x30
	encPCRel    = 0x10
	encSData4   = 0x0b
	encIndirect = 0x80
)

// FramePointer returns the address of .eh_frame that .eh_frame_hdr gives.
func FramePointer(hdr Section) (uint64, error) {
	c := cursor.New(hdr.Data, 0)
	version, enc := c.U8(), c.U8()
	c.Skip(2)
	if version != 1 || c.Bad() {
		return 0, ErrUnsupported
	}
	t := &Table{sec: hdr, hdrAddr: hdr.Addr}
	return t.pointer(&c, enc)
}

// searchTable takes the table that every linker writes; false means that
// there is none of that form.
func (t *Table) searchTable(hdr Section) bool {
	c := cursor.New(hdr.Data, 0)
	version, ptrEnc, countEnc, tableEnc := c.U8(), c.U8(), c.U8(), c.U8()
	if c.Bad() || version != 1 || countEnc != encUData4 || tableEnc != encDataRel|encSData4 {
		return false
	}
	h := &Table{sec: hdr, hdrAddr: hdr.Addr}
	if _, err := h.pointer(&c, ptrEnc); err != nil {
		return false
	}
	count := uint64(c.U32())
	if c.Bad() || count == 0 {
		return false
	}
	t.hdr = c.Bytes(8 * min(count, uint64(c.Len())/8))
	return len(t.hdr) > 0
}

// pointer reads an encoded pointer of the section.
func (t *Table) pointer(c *cursor.Cursor, enc uint8) (uint64, error) {
	at := t.sec.Addr + c.Off()
	v, ok := plain(c, enc)
	if !ok {
		return 0, ErrUnsupported
	}
	if c.Bad() {
		return 0, ErrMalformed
	}
	switch enc & 0xf0 {
	case 0:
		return v, nil
	case encPCRel:
		return at + v, nil
	case encDataRel:
		return t.hdrAddr + v, nil
	}
	return 0, ErrUnsupported
}

// plain reads the number of an encoding.
func plain(c *cursor.Cursor, enc uint8) (uint64, bool) {
	switch enc & 0x0f {
	case 0x00, 0x04, 0x0c: // absptr, udata8, sdata8
		return c.U64(), true
	case 0x01:
		return c.ULEB(), true
	case 0x02:
		return uint64(c.U16()), true
	case encUData4:
		return uint64(c.U32()), true
	case 0x09:
		return uint64(c.SLEB()), true
	case 0x0a:
		return uint64(int64(int16(c.U16()))), true
	case encSData4:
		return uint64(int64(int32(c.U32()))), true
	}
	return 0, false
}

// scan reads the section through and makes the index.
func (t *Table) scan() error {
	var limit error
	var cie *cie // the last one that was met: nearly always the next one, too
	for off := uint64(0); off < uint64(len(t.sec.Data)); {
		e, err := t.entry(off)
		if err != nil {
			limit = err // what is behind it cannot be found
			break
		}
		off = e.next
		if e.cie || e.size == 0 {
			continue
		}
		if cie == nil || cie.off != e.cieOff {
			if cie, err = t.cie(e.cieOff); err != nil {
				cie = nil
				continue // one entry is bad, the others need not be
			}
		}
		start, size, _, err := t.location(&e.body, cie)
		if err != nil || size == 0 || start+size < start {
			continue
		}
		if len(t.index) == maxIndex {
			limit = ErrLimit
			break
		}
		t.index = append(t.index, span{start, start + size, e.off})
	}
	slices.SortFunc(t.index, func(a, b span) int {
		switch {
		case a.start < b.start:
			return -1
		case a.start > b.start:
			return 1
		case a.off < b.off:
			return -1
		}
		return 1
	})
	return limit
}

// Len returns how many functions the table is of, as far as it is known
// without reading them.
func (t *Table) Len() int { return max(len(t.hdr)/8, len(t.index)) }

// Size returns how many bytes the table keeps.
func (t *Table) Size() int64 {
	return int64(len(t.sec.Data)) + int64(len(t.hdr)) + 24*int64(len(t.index))
}

// find returns the offset of the FDE that may hold addr.
func (t *Table) find(addr uint64) (uint64, bool) {
	if t.hdr == nil {
		i, ok := slices.BinarySearchFunc(t.index, addr, func(s span, a uint64) int {
			if s.start <= a {
				return -1
			}
			return 1
		})
		_ = ok // never exact: i is the first that begins behind addr
		if i == 0 || addr >= t.index[i-1].end {
			return 0, false
		}
		return t.index[i-1].off, true
	}
	at := func(i int) (start, fde uint64) {
		c := cursor.New(t.hdr, uint64(8*i))
		start = t.hdrAddr + uint64(int64(int32(c.U32())))
		return start, t.hdrAddr + uint64(int64(int32(c.U32())))
	}
	lo, hi := 0, len(t.hdr)/8
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if start, _ := at(mid); start <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, false
	}
	_, fde := at(lo - 1)
	off := fde - t.sec.Addr
	return off, off < uint64(len(t.sec.Data))
}
