package dwarf

import "warder/internal/cursor"

// unit is one compilation unit.
type unit struct {
	off, entries, end uint64 // of its head, its first entry and its end in .debug_info
	version           uint16
	wide              bool // the 64-bit format: offsets of 8 bytes
	compiled          bool // has code: neither types nor a part of others
	abbrevOff         uint64

	// Of its root entry.
	base                           uint64 // low_pc: what ranges are relative to
	lineOff                        uint64
	hasLines                       bool
	dir                            string
	language                       uint64
	strBase, addrBase, rngListBase uint64

	functions []function // read at the first look-up, by their starts
	table     *lineTable // likewise
	lineErr   error
	readErr   error
}

// Types of units (7.5.1).
const (
	unitCompile  = 1
	unitType     = 2
	unitPartial  = 3
	unitSkeleton = 4
)

// unit reads the head of the unit at off. next is 0 where the following one
// cannot be found.
func (d *Data) unit(off uint64) (u *unit, next uint64, err error) {
	c := cursor.New(d.s.Info, off)
	u = &unit{off: off}
	size := uint64(c.U32())
	if size == 0xffffffff {
		u.wide, size = true, c.U64()
	}
	body := c.Sub(size)
	if c.Bad() {
		return u, 0, ErrMalformed
	}
	u.end, next = c.Off(), c.Off()
	u.version = body.U16()
	address := uint8(8)
	switch {
	case u.version >= 2 && u.version <= 4:
		u.abbrevOff = u.offset(&body)
		address = body.U8()
		u.compiled = true
	case u.version == 5:
		typ := body.U8()
		address = body.U8()
		u.abbrevOff = u.offset(&body)
		switch typ {
		case unitCompile:
			u.compiled = true
		case unitSkeleton:
			body.U64()
			u.compiled = true
		case unitPartial: // only referred to
		default:
			return u, next, ErrUnsupported
		}
	default:
		return u, next, ErrUnsupported
	}
	if body.Bad() {
		return u, next, ErrMalformed
	}
	if address != 8 {
		return u, next, ErrUnsupported
	}
	u.entries = body.Off()
	return u, next, nil
}

// offset reads an offset in the unit's format.
func (u *unit) offset(c *cursor.Cursor) uint64 {
	if u.wide {
		return c.U64()
	}
	return uint64(c.U32())
}

// containing returns the unit that an offset of .debug_info is in.
func (d *Data) containing(off uint64) *unit {
	lo, hi := 0, len(d.units)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if d.units[mid].end <= off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(d.units) && off >= d.units[lo].entries {
		return d.units[lo]
	}
	return nil
}

// root reads the root entry of a unit and notes the unit's addresses.
func (d *Data) root(u *unit) error {
	c := cursor.New(d.s.Info[:u.end], u.entries)
	a, err := d.oneAbbreviation(u.abbrevOff, c.ULEB())
	if err != nil {
		return err
	}
	// Bases may stand behind what is relative to them: two rounds.
	var low, high, ranges value
	var dir value
	at := c.Off()
	for round := range 2 {
		c.Seek(at)
		for i := range a.attrs {
			v := d.value(u, &c, a.attrs[i])
			switch a.attrs[i].name {
			case atLowPC:
				low = v
			case atHighPC:
				high = v
			case atRanges:
				ranges = v
			case atStmtList:
				u.lineOff, u.hasLines = v.n, true
			case atCompDir:
				dir = v
			case atLanguage:
				u.language = v.n
			case atStrOffsetsBase:
				u.strBase = v.n
			case atAddrBase, atGNUAddrBase:
				u.addrBase = v.n
			case atRngListsBase:
				u.rngListBase = v.n
			}
		}
		if err := d.step(len(a.attrs) + 1); err != nil {
			return err
		}
		if round == 0 && u.version == 5 && u.strBase == 0 {
			u.strBase = 8 // the head of a table with one contribution
		}
	}
	if c.Bad() {
		return ErrMalformed
	}
	u.dir = dir.text()
	if low.kind == isAddress {
		u.base = low.n
	}
	return d.ranges(u, low, high, ranges, func(start, end uint64) bool {
		d.spans = append(d.spans, span{start, end, u})
		return len(d.spans) < maxSpans
	})
}

// ranges calls f with the addresses that an entry's attributes give, until it
// returns false.
func (d *Data) ranges(u *unit, low, high, ranges value, f func(start, end uint64) bool) error {
	if ranges.kind != isNothing {
		if u.version >= 5 {
			return d.rangeList5(u, ranges, f)
		}
		return d.rangeList(u, ranges.n, f)
	}
	if low.kind != isAddress || high.kind == isNothing {
		return nil
	}
	end := high.n
	if high.kind != isAddress { // since DWARF 4 mostly a size
		end += low.n
	}
	// What the linker threw away stands at 0 or at the end.
	if low.n != 0 && end > low.n {
		f(low.n, end)
	}
	return nil
}

// rangeList reads .debug_ranges (DWARF 4, 2.17.3).
func (d *Data) rangeList(u *unit, off uint64, f func(start, end uint64) bool) error {
	base := u.base
	c := cursor.New(d.s.Ranges, off)
	for {
		start, end := c.U64(), c.U64()
		if err := d.step(1); err != nil {
			return err
		}
		switch {
		case c.Bad():
			return ErrMalformed
		case start == 0 && end == 0:
			return nil
		case start == ^uint64(0):
			base = end
		case base+start != 0 && start < end:
			if !f(base+start, base+end) {
				return nil
			}
		}
	}
}

// rangeList5 reads .debug_rnglists (7.25).
func (d *Data) rangeList5(u *unit, v value, f func(start, end uint64) bool) error {
	off := v.n
	if v.kind == isRangeIndex {
		width := uint64(4)
		if u.wide {
			width = 8
		}
		c := cursor.New(d.s.RngLists, u.rngListBase+v.n*width)
		off = u.rngListBase + u.offset(&c)
		if c.Bad() {
			return ErrMalformed
		}
	}
	base := u.base
	c := cursor.New(d.s.RngLists, off)
	for {
		if err := d.step(1); err != nil {
			return err
		}
		var start, end uint64
		switch kind := c.U8(); kind {
		case 0: // end_of_list
			if c.Bad() {
				return ErrMalformed
			}
			return nil
		case 1: // base_addressx
			base = d.address(u, c.ULEB())
		case 2: // startx_endx
			start, end = d.address(u, c.ULEB()), d.address(u, c.ULEB())
		case 3: // startx_length
			start = d.address(u, c.ULEB())
			end = start + c.ULEB()
		case 4: // offset_pair
			start = base + c.ULEB()
			end = base + c.ULEB()
		case 5: // base_address
			base = c.U64()
		case 6: // start_end
			start, end = c.U64(), c.U64()
		case 7: // start_length
			start = c.U64()
			end = start + c.ULEB()
		default:
			return ErrUnsupported
		}
		if c.Bad() {
			return ErrMalformed
		}
		if start != 0 && start < end && !f(start, end) {
			return nil
		}
	}
}

// address reads an address of .debug_addr by its index.
func (d *Data) address(u *unit, index uint64) uint64 {
	if index > uint64(len(d.s.Addr)) {
		return 0
	}
	c := cursor.New(d.s.Addr, u.addrBase+8*index)
	return c.U64()
}
