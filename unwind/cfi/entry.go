package cfi

import "warder/internal/cursor"

// entry is one CIE or FDE, its head read.
type entry struct {
	off, next uint64
	size      uint64 // of all that is behind the length; 0 is a terminator
	cie       bool
	cieOff    uint64        // of an FDE
	body      cursor.Cursor // behind the id
}

// entry reads the head at off.
func (t *Table) entry(off uint64) (entry, error) {
	c := cursor.New(t.sec.Data, off)
	e := entry{off: off}
	e.size = uint64(c.U32())
	wide := e.size == 0xffffffff
	if wide {
		e.size = c.U64()
	}
	if c.Bad() {
		return e, ErrMalformed
	}
	if e.size == 0 {
		e.next = c.Off()
		return e, nil
	}
	e.body = c.Sub(e.size)
	e.next = c.Off()
	idAt := e.body.Off()
	var id uint64
	// The LSB says that .eh_frame's id stays 4 bytes wide, and readers differ;
	// no linker makes wide entries there.
	if wide && t.debug {
		id = e.body.U64()
	} else {
		id = uint64(e.body.U32())
	}
	if c.Bad() || e.body.Bad() {
		return e, ErrMalformed
	}
	if t.debug {
		e.cie = id == 0xffffffff && !wide || id == 0xffffffffffffffff
		e.cieOff = id
		return e, nil
	}
	e.cie = id == 0
	if e.cieOff = idAt - id; id > idAt && !e.cie {
		return e, ErrMalformed
	}
	return e, nil
}

// cie is a common information entry.
type cie struct {
	off       uint64
	codeAlign uint64
	dataAlign int64
	ra        uint64 // the register that holds the return address
	fdeEnc    uint8
	augmented bool // 'z': FDEs have augmentation data
	signal    bool // 'S': a signal's trampoline
	program   cursor.Cursor
}

const maxAugmentation = 16

func (t *Table) cie(off uint64) (*cie, error) {
	e, err := t.entry(off)
	if err != nil {
		return nil, err
	}
	if !e.cie || e.size == 0 {
		return nil, ErrMalformed
	}
	if e.size > MaxEntry {
		return nil, ErrLimit
	}
	c := &e.body
	k := &cie{off: off}
	version := c.U8()
	// Every FDE has its CIE read anew: a string without an end would cost more
	// than the rest.
	head := c.Sub(min(maxAugmentation, uint64(c.Len())))
	augmentation := string(head.CString())
	c.Seek(head.Off())
	switch {
	case c.Bad() || head.Bad():
		return nil, ErrMalformed
	case version != 1 && version != 3 && (version != 4 || !t.debug):
		return nil, ErrUnsupported
	}
	if version == 4 {
		if address, segment := c.U8(), c.U8(); address != 8 || segment != 0 {
			return nil, ErrUnsupported
		}
	}
	k.codeAlign = c.ULEB()
	k.dataAlign = c.SLEB()
	if version == 1 {
		k.ra = uint64(c.U8())
	} else {
		k.ra = c.ULEB()
	}
	if err := t.augment(k, c, augmentation); err != nil {
		return nil, err
	}
	k.program = *c
	if c.Bad() {
		return nil, ErrMalformed
	}
	if k.ra >= MaxRegs {
		return nil, ErrUnsupported
	}
	return k, nil
}

// augment reads the augmentation, a letter for each thing that is there.
func (t *Table) augment(k *cie, c *cursor.Cursor, letters string) error {
	if letters == "" {
		return nil
	}
	if letters[0] != 'z' {
		// Without a length what is behind an unknown letter cannot be found.
		return ErrUnsupported
	}
	k.augmented = true
	a := c.Sub(c.ULEB())
	for i := 1; i < len(letters); i++ {
		switch letters[i] {
		case 'R':
			k.fdeEnc = a.U8()
		case 'P':
			enc := a.U8()
			if enc == encOmit {
				continue
			}
			if _, ok := plain(&a, enc); !ok {
				return ErrUnsupported
			}
		case 'L':
			a.U8()
		case 'S':
			k.signal = true
		case 'B', 'G': // the key of signed return addresses, memory tagging
		default:
			return ErrUnsupported
		}
	}
	if a.Bad() {
		return ErrMalformed
	}
	return nil
}

// location reads what an FDE is about, and leaves c at its program.
func (t *Table) location(c *cursor.Cursor, k *cie) (start, size uint64, program cursor.Cursor, err error) {
	if k.fdeEnc&encIndirect != 0 {
		return 0, 0, cursor.Cursor{}, ErrUnsupported
	}
	if start, err = t.pointer(c, k.fdeEnc); err != nil {
		return 0, 0, cursor.Cursor{}, err
	}
	size, ok := plain(c, k.fdeEnc)
	if !ok {
		return 0, 0, cursor.Cursor{}, ErrUnsupported
	}
	if k.augmented {
		c.Skip(c.ULEB())
	}
	if c.Bad() {
		return 0, 0, cursor.Cursor{}, ErrMalformed
	}
	return start, size, *c, nil
}
