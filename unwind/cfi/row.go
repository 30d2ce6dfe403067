package cfi

import "warder/internal/cursor"

// Kind is how a caller's register is found.
type Kind uint8

// The kinds of rules (DWARF 5, 6.4.1).
const (
	Same      Kind = iota // not changed, or nothing is said
	Undefined             // cannot be recovered; of the return address: no caller
	Offset                // stored at CFA + N
	ValOffset             // is CFA + N
	Register              // in register N
	Expr                  // stored where the expression says
	ValExpr               // what the expression says
)

// Rule is how one register, or the CFA (Register with N and Off, or ValExpr),
// is found.
type Rule struct {
	Kind Kind
	N    int64
	expr [2]uint32 // offset and length in the section
}

// Row is the rules at one address.
type Row struct {
	Start, End uint64 // of the function, or the part of it that has an FDE
	RA         int    // the register whose rule is the return address's
	Signal     bool   // a signal's trampoline: the caller was interrupted, it called nothing
	SignedRA   bool   // arm64: the return address on the stack is signed

	CFAReg    int // the CFA is register + offset, where CFAExpr is not set
	CFAOffset int64
	CFAExpr   bool
	cfa       [2]uint32

	Regs [MaxRegs]Rule
}

// Row finds the rules for an address. False without an error means that the
// section says nothing about it.
func (t *Table) Row(addr uint64, row *Row) (bool, error) {
	off, ok := t.find(addr)
	if !ok {
		return false, nil
	}
	e, err := t.entry(off)
	if err != nil {
		return false, err
	}
	if e.cie || e.size == 0 {
		return false, ErrMalformed
	}
	if e.size > MaxEntry {
		return false, ErrLimit
	}
	k, err := t.cie(e.cieOff)
	if err != nil {
		return false, err
	}
	start, size, program, err := t.location(&e.body, k)
	if err != nil {
		return false, err
	}
	// The search table has starts only; what is between functions has none.
	if addr < start || addr-start >= size {
		return false, nil
	}
	*row = Row{Start: start, End: start + size, RA: int(k.ra), Signal: k.signal}
	m := machine{t: t, cie: k, row: row, addr: addr, loc: start}
	if err := m.run(k.program, true); err != nil {
		return false, err
	}
	initial := row.Regs
	m.initial = &initial
	if err := m.run(program, false); err != nil {
		return false, err
	}
	return true, nil
}

// machine runs the instructions up to an address.
type machine struct {
	t       *Table
	cie     *cie
	row     *Row
	initial *[MaxRegs]Rule // the CIE's rules
	addr    uint64
	loc     uint64
	saved   []Row
	steps   int
}

// advance moves the location and says whether that is past the address.
func (m *machine) advance(delta uint64) bool {
	m.loc += delta * m.cie.codeAlign
	return m.loc > m.addr
}

// set gives a register a rule.
func (m *machine) set(reg uint64, r Rule) {
	if reg < MaxRegs {
		m.row.Regs[reg] = r
	}
}

// restore gives a register the CIE's rule.
func (m *machine) restore(reg uint64) error {
	if m.initial == nil {
		return ErrMalformed
	}
	if reg < MaxRegs {
		m.row.Regs[reg] = m.initial[reg]
	}
	return nil
}

// block reads an expression.
func (m *machine) block(c *cursor.Cursor) [2]uint32 {
	n := c.ULEB()
	at := c.Off()
	c.Skip(n)
	return [2]uint32{uint32(at), uint32(n)} // both below the section's size, checked in run
}

func (m *machine) defineCFA(reg uint64, offset int64) error {
	if reg >= MaxRegs {
		return ErrUnsupported
	}
	m.row.CFAReg, m.row.CFAOffset, m.row.CFAExpr = int(reg), offset, false
	return nil
}

// run executes instructions until the address or their end.
func (m *machine) run(c cursor.Cursor, initial bool) error {
	if len(m.t.sec.Data) > 1<<31 {
		return ErrLimit
	}
	for c.Len() > 0 {
		if m.steps++; m.steps > maxSteps {
			return ErrLimit
		}
		op := c.U8()
		low := uint64(op & 0x3f)
		past, err := false, error(nil)
		switch op >> 6 {
		case 1: // advance_loc
			past = m.advance(low)
		case 2: // offset
			m.set(low, Rule{Kind: Offset, N: int64(c.ULEB()) * m.cie.dataAlign})
		case 3: // restore
			err = m.restore(low)
		default:
			past, err = m.extended(op, &c)
		}
		if c.Bad() {
			return ErrMalformed
		}
		if err != nil {
			return err
		}
		if past && !initial {
			return nil
		}
	}
	if c.Bad() {
		return ErrMalformed
	}
	return nil
}

// extended executes an instruction whose operands are all behind it.
func (m *machine) extended(op uint8, c *cursor.Cursor) (past bool, err error) {
	align := m.cie.dataAlign
	switch op {
	case 0x00: // nop
	case 0x01: // set_loc
		if m.loc, err = m.t.pointer(c, m.cie.fdeEnc); err == nil {
			past = m.loc > m.addr
		}
	case 0x02: // advance_loc1
		past = m.advance(uint64(c.U8()))
	case 0x03: // advance_loc2
		past = m.advance(uint64(c.U16()))
	case 0x04: // advance_loc4
		past = m.advance(uint64(c.U32()))
	case 0x05: // offset_extended
		m.set(c.ULEB(), Rule{Kind: Offset, N: int64(c.ULEB()) * align})
	case 0x06: // restore_extended
		err = m.restore(c.ULEB())
	case 0x07: // undefined
		m.set(c.ULEB(), Rule{Kind: Undefined})
	case 0x08: // same_value
		m.set(c.ULEB(), Rule{})
	case 0x09: // register
		m.set(c.ULEB(), Rule{Kind: Register, N: int64(c.ULEB())})
	case 0x0a: // remember_state
		if len(m.saved) == maxSaved {
			return false, ErrLimit
		}
		m.saved = append(m.saved, *m.row)
		m.steps += 8 // a row is large
	case 0x0b: // restore_state
		n := len(m.saved)
		if n == 0 {
			return false, ErrMalformed
		}
		*m.row, m.saved = m.saved[n-1], m.saved[:n-1]
	case 0x0c: // def_cfa
		err = m.defineCFA(c.ULEB(), int64(c.ULEB()))
	case 0x0d: // def_cfa_register
		err = m.defineCFA(c.ULEB(), m.row.CFAOffset)
	case 0x0e: // def_cfa_offset
		m.row.CFAOffset = int64(c.ULEB())
	case 0x0f: // def_cfa_expression
		m.row.CFAExpr, m.row.cfa = true, m.block(c)
	case 0x10: // expression
		m.set(c.ULEB(), Rule{Kind: Expr, expr: m.block(c)})
	case 0x11: // offset_extended_sf
		m.set(c.ULEB(), Rule{Kind: Offset, N: c.SLEB() * align})
	case 0x12: // def_cfa_sf
		err = m.defineCFA(c.ULEB(), c.SLEB()*align)
	case 0x13: // def_cfa_offset_sf
		m.row.CFAOffset = c.SLEB() * align
	case 0x14: // val_offset
		m.set(c.ULEB(), Rule{Kind: ValOffset, N: int64(c.ULEB()) * align})
	case 0x15: // val_offset_sf
		m.set(c.ULEB(), Rule{Kind: ValOffset, N: c.SLEB() * align})
	case 0x16: // val_expression
		m.set(c.ULEB(), Rule{Kind: ValExpr, expr: m.block(c)})
	case 0x1d: // MIPS_advance_loc8
		past = m.advance(c.U64())
	case 0x2d: // AARCH64_negate_ra_state; on SPARC another, which is none of ours
		m.row.SignedRA = !m.row.SignedRA
	case 0x2e: // GNU_args_size
		c.ULEB()
	case 0x2f: // GNU_negative_offset_extended
		m.set(c.ULEB(), Rule{Kind: Offset, N: -int64(c.ULEB()) * align})
	default:
		return false, ErrUnsupported
	}
	return past, err
}
