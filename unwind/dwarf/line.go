package dwarf

import (
	"math"

	"warder/internal/cursor"
)

// program reads a line number program (6.2).
type program struct {
	d *Data
	u *unit
	t *lineTable

	wide       bool
	minLength  uint64
	opBase     uint8
	lineBase   int8
	lineRange  uint8
	lengths    []byte
	addr       uint64
	line, file int64
	first      int // of the sequence, in rows
}

func (p *program) read() error {
	c := cursor.New(p.d.s.Line, p.u.lineOff)
	size := uint64(c.U32())
	if size == 0xffffffff {
		p.wide, size = true, c.U64()
	}
	body := c.Sub(size)
	version := body.U16()
	if body.Bad() || c.Bad() {
		return ErrMalformed
	}
	if version < 2 || version > 5 {
		return ErrUnsupported
	}
	if version == 5 {
		if address, segment := body.U8(), body.U8(); address != 8 || segment != 0 {
			return ErrUnsupported
		}
	}
	headSize := p.offset(&body)
	head := body.Sub(headSize)
	if body.Bad() {
		return ErrMalformed
	}
	p.minLength = uint64(head.U8())
	if version >= 4 {
		head.U8() // operations of one instruction: 1 but for VLIW machines
	}
	head.U8() // whether rows recommend a breakpoint at first
	p.lineBase, p.lineRange, p.opBase = int8(head.U8()), head.U8(), head.U8()
	if p.opBase > 0 {
		p.lengths = head.Bytes(uint64(p.opBase) - 1)
	}
	if head.Bad() || p.opBase == 0 {
		return ErrMalformed
	}
	var err error
	if version == 5 {
		err = p.names5(&head)
	} else {
		err = p.names(&head)
	}
	if err != nil {
		return err
	}
	return p.run(&body)
}

func (p *program) offset(c *cursor.Cursor) uint64 {
	if p.wide {
		return c.U64()
	}
	return uint64(c.U32())
}

// names reads the directories and files of DWARF 2 to 4 (DWARF 4, 6.2.4).
func (p *program) names(c *cursor.Cursor) error {
	p.t.zero = 1
	for {
		dir, ok := p.cstring(c)
		if c.Bad() {
			return ErrMalformed
		}
		if !ok {
			break
		}
		if len(p.t.dirs) == maxFiles {
			return ErrLimit
		}
		p.t.dirs = append(p.t.dirs, dir)
		if err := p.d.step(1); err != nil {
			return err
		}
	}
	for {
		name, ok := p.cstring(c)
		if c.Bad() {
			return ErrMalformed
		}
		if !ok {
			return nil
		}
		if err := p.addFile(name, c); err != nil {
			return err
		}
	}
}

// cstring passes over a string of .debug_line; false for an empty one.
func (p *program) cstring(c *cursor.Cursor) (value, bool) {
	v := value{kind: isString, n: c.Off(), in: p.d.s.Line}
	n := len(c.CString())
	p.d.charge(n)
	return v, n > 0
}

func (p *program) addFile(name value, c *cursor.Cursor) error {
	dir := c.ULEB()
	c.ULEB() // time
	c.ULEB() // size
	if len(p.t.files) == maxFiles {
		return ErrLimit
	}
	p.t.files = append(p.t.files, file{name, dir})
	return p.d.step(1)
}

// names5 reads those of DWARF 5 (6.2.4).
func (p *program) names5(c *cursor.Cursor) error {
	for _, dirs := range [...]bool{true, false} {
		const maxFormats = 16
		formats := make([]attr, 0, 4)
		for range c.U8() {
			if len(formats) == maxFormats {
				return ErrLimit
			}
			formats = append(formats, attr{name: uint32(c.ULEB()), form: uint32(c.ULEB())})
		}
		count := c.ULEB()
		if c.Bad() {
			return ErrMalformed
		}
		// Entries of no bytes at all would cost nothing to ask for.
		if count > uint64(c.Len()) {
			return ErrMalformed
		}
		if count > maxFiles {
			return ErrLimit
		}
		for range count {
			var f file
			for _, a := range formats {
				v := p.d.value(&unit{wide: p.wide, version: 5, strBase: p.u.strBase}, c, a)
				switch a.name {
				case 1: // DW_LNCT_path
					if a.form == formString {
						v.in = p.d.s.Line
					}
					f.name = v
				case 2: // DW_LNCT_directory_index
					f.dir = v.n
				}
			}
			if c.Bad() {
				return ErrMalformed
			}
			if err := p.d.step(len(formats) + 1); err != nil {
				return err
			}
			if dirs {
				p.t.dirs = append(p.t.dirs, f.name)
			} else {
				p.t.files = append(p.t.files, f)
			}
		}
	}
	return nil
}

// reset begins a sequence.
func (p *program) reset() {
	p.addr, p.line, p.file = 0, 1, 1
	p.first = len(p.t.rows)
}

// emit appends a row.
func (p *program) emit() error {
	if len(p.t.rows) == maxRows {
		return ErrLimit
	}
	// A sequence's addresses only grow; one that does not is nobody's.
	if n := len(p.t.rows); n > p.first && p.addr < p.t.rows[n-1].addr {
		return ErrMalformed
	}
	line := int32(0)
	if p.line > 0 && p.line <= math.MaxInt32 {
		line = int32(p.line)
	}
	p.t.rows = append(p.t.rows, row{p.addr, uint32(p.file), line})
	return nil
}

func (p *program) end() {
	if n := len(p.t.rows); n > p.first {
		p.t.sequences = append(p.t.sequences, sequence{p.t.rows[p.first].addr, p.addr, p.first, n})
	}
	p.reset()
}

// run executes the operations (6.2.5).
func (p *program) run(c *cursor.Cursor) error {
	p.reset()
	for c.Len() > 0 {
		if err := p.d.step(1); err != nil {
			return err
		}
		op := c.U8()
		var err error
		switch {
		case op >= p.opBase:
			if p.lineRange == 0 {
				return ErrMalformed
			}
			adjusted := op - p.opBase
			p.addr += uint64(adjusted/p.lineRange) * p.minLength
			p.line += int64(p.lineBase) + int64(adjusted%p.lineRange)
			err = p.emit()
		case op == 0:
			err = p.extended(c)
		default:
			err = p.standard(op, c)
		}
		if err != nil {
			return err
		}
		if c.Bad() {
			return ErrMalformed
		}
	}
	return nil
}

// standard executes an operation that has a number of its own (6.2.5.2).
func (p *program) standard(op uint8, c *cursor.Cursor) error {
	switch op {
	case 1: // copy
		return p.emit()
	case 2: // advance_pc
		p.addr += c.ULEB() * p.minLength
	case 3: // advance_line
		p.line += c.SLEB()
	case 4: // set_file
		p.file = int64(c.ULEB())
	case 5: // set_column
		c.ULEB()
	case 6, 7, 10, 11: // negate_stmt, set_basic_block, set_prologue_end, set_epilogue_begin
	case 8: // const_add_pc
		if p.lineRange == 0 {
			return ErrMalformed
		}
		p.addr += uint64((255-p.opBase)/p.lineRange) * p.minLength
	case 9: // fixed_advance_pc
		p.addr += uint64(c.U16())
	case 12: // set_isa
		c.ULEB()
	default: // of a later standard: the head says how many operands it has
		for range p.lengths[op-1] {
			c.ULEB()
		}
	}
	return nil
}

// extended executes an operation with a length (6.2.5.3).
func (p *program) extended(c *cursor.Cursor) error {
	size := c.ULEB()
	body := c.Sub(size)
	if c.Bad() || size == 0 {
		return ErrMalformed
	}
	switch body.U8() {
	case 1: // end_sequence
		p.end()
	case 2: // set_address
		if size != 9 {
			return ErrUnsupported
		}
		p.addr = body.U64()
	case 3: // define_file
		name, _ := p.cstring(&body)
		return p.addFile(name, &body)
	}
	return nil
}
