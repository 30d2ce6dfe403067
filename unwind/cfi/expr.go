package cfi

import (
	"errors"

	"warder/internal/cursor"
)

// Limits of one expression.
const (
	maxOps   = 1000
	maxStack = 64
)

// ErrRead is the cause when a rule needs memory or a register that cannot be
// had.
var ErrRead = errors.New("not readable")

// State is the registers and the memory of the frame that rules are applied
// to.
type State interface {
	// Reg returns a register by its DWARF number.
	Reg(n int) (uint64, bool)
	// Load reads size (1, 2, 4 or 8) bytes of memory.
	Load(addr uint64, size int) (uint64, bool)
	// Bias is what is added to addresses that the file holds.
	Bias() uint64
}

// CFA returns the canonical frame address: on x86-64 the stack pointer before
// the call that made the frame.
func (t *Table) CFA(row *Row, s State) (uint64, error) {
	if row.CFAExpr {
		return t.eval(row.cfa, s)
	}
	v, ok := s.Reg(row.CFAReg)
	if !ok {
		return 0, ErrRead
	}
	return v + uint64(row.CFAOffset), nil
}

// Value returns the caller's register n. False without an error means that
// it cannot be recovered (Undefined).
func (t *Table) Value(row *Row, n int, cfa uint64, s State) (uint64, bool, error) {
	if n < 0 || n >= MaxRegs {
		return 0, false, nil
	}
	r := &row.Regs[n]
	at, v, ok := uint64(0), uint64(0), true
	var err error
	switch r.Kind {
	case Undefined:
		return 0, false, nil
	case Same:
		v, ok = s.Reg(n)
		return v, ok, nil
	case Register:
		if r.N < 0 || r.N >= MaxRegs {
			return 0, false, ErrUnsupported
		}
		v, ok = s.Reg(int(r.N))
		return v, ok, nil
	case ValOffset:
		return cfa + uint64(r.N), true, nil
	case ValExpr:
		v, err = t.eval(r.expr, s, cfa)
		return v, err == nil, err
	case Offset:
		at = cfa + uint64(r.N)
	case Expr:
		if at, err = t.eval(r.expr, s, cfa); err != nil {
			return 0, false, err
		}
	}
	if v, ok = s.Load(at, 8); !ok {
		return 0, false, ErrRead
	}
	return v, true, nil
}

// eval runs an expression. Its last value is the result.
func (t *Table) eval(expr [2]uint32, s State, initial ...uint64) (uint64, error) {
	end := uint64(expr[0]) + uint64(expr[1])
	if end > uint64(len(t.sec.Data)) {
		return 0, ErrMalformed
	}
	e := evaluation{s: s, c: cursor.New(t.sec.Data[:end], uint64(expr[0])), start: uint64(expr[0])}
	for _, v := range initial {
		e.push(v)
	}
	for range maxOps {
		if e.c.Len() == 0 {
			return e.result()
		}
		if err := e.step(); err != nil {
			return 0, err
		}
		if e.c.Bad() || e.bad {
			return 0, ErrMalformed
		}
	}
	return 0, ErrLimit
}

type evaluation struct {
	s     State
	c     cursor.Cursor
	start uint64
	stack [maxStack]uint64
	n     int
	bad   bool // a value was missing, or there was no room for one
}

func (e *evaluation) result() (uint64, error) {
	if e.c.Bad() || e.n == 0 {
		return 0, ErrMalformed
	}
	return e.stack[e.n-1], nil
}

func (e *evaluation) push(v uint64) {
	if e.n == maxStack {
		e.bad = true
		return
	}
	e.stack[e.n] = v
	e.n++
}

func (e *evaluation) pop() uint64 {
	if e.n == 0 {
		e.bad = true
		return 0
	}
	e.n--
	return e.stack[e.n]
}

// pick pushes the value that is i below the top.
func (e *evaluation) pick(i int) {
	if i >= e.n {
		e.bad = true
		return
	}
	e.push(e.stack[e.n-1-i])
}

// jump moves on, or back, by a signed number of bytes.
func (e *evaluation) jump(by int16) {
	to := e.c.Off() + uint64(int64(by))
	if to < e.start {
		e.bad = true
		return
	}
	e.c.Seek(to)
}

func (e *evaluation) load(size int) error {
	v, ok := e.s.Load(e.pop(), size)
	if !ok {
		return ErrRead
	}
	e.push(v)
	return nil
}

func (e *evaluation) reg(n uint64, offset int64) error {
	if n >= MaxRegs {
		return ErrUnsupported
	}
	v, ok := e.s.Reg(int(n))
	if !ok {
		return ErrRead
	}
	e.push(v + uint64(offset))
	return nil
}

// step executes one operation (DWARF 5, 2.5.1, as far as 6.4.2 allows it).
func (e *evaluation) step() error {
	c := &e.c
	op := c.U8()
	switch {
	case op >= 0x30 && op <= 0x4f: // lit
		e.push(uint64(op - 0x30))
		return nil
	case op >= 0x70 && op <= 0x8f: // breg
		return e.reg(uint64(op-0x70), c.SLEB())
	case op >= 0x08 && op <= 0x11: // const
		e.push(constant(op, c))
		return nil
	case op >= 0x19 && op <= 0x27 || op >= 0x29 && op <= 0x2e:
		return e.arithmetic(op)
	}
	switch op {
	case 0x03: // addr
		e.push(c.U64() + e.s.Bias())
	case 0x06: // deref
		return e.load(8)
	case 0x12: // dup
		e.pick(0)
	case 0x13: // drop
		e.pop()
	case 0x14: // over
		e.pick(1)
	case 0x15: // pick
		e.pick(int(c.U8()))
	case 0x16: // swap
		a, b := e.pop(), e.pop()
		e.push(a)
		e.push(b)
	case 0x17: // rot: the top becomes the third
		a, b, d := e.pop(), e.pop(), e.pop()
		e.push(a)
		e.push(d)
		e.push(b)
	case 0x28: // bra
		by := int16(c.U16())
		if e.pop() != 0 {
			e.jump(by)
		}
	case 0x2f: // skip
		e.jump(int16(c.U16()))
	case 0x92: // bregx
		return e.reg(c.ULEB(), c.SLEB())
	case 0x94: // deref_size
		size := int(c.U8())
		if size != 1 && size != 2 && size != 4 && size != 8 {
			return ErrMalformed
		}
		return e.load(size)
	case 0x96: // nop
	default:
		return ErrUnsupported
	}
	return nil
}

func constant(op uint8, c *cursor.Cursor) uint64 {
	switch op {
	case 0x08:
		return uint64(c.U8())
	case 0x09:
		return uint64(int64(int8(c.U8())))
	case 0x0a:
		return uint64(c.U16())
	case 0x0b:
		return uint64(int64(int16(c.U16())))
	case 0x0c:
		return uint64(c.U32())
	case 0x0d:
		return uint64(int64(int32(c.U32())))
	case 0x0e, 0x0f:
		return c.U64()
	case 0x10:
		return c.ULEB()
	}
	return uint64(c.SLEB())
}

// arithmetic executes an operation on values of the stack alone.
func (e *evaluation) arithmetic(op uint8) error {
	b := e.pop()
	switch op { // of one value
	case 0x19: // abs
		if int64(b) < 0 {
			b = -b
		}
		e.push(b)
		return nil
	case 0x1f: // neg
		e.push(-b)
		return nil
	case 0x20: // not
		e.push(^b)
		return nil
	case 0x23: // plus_uconst
		e.push(b + e.c.ULEB())
		return nil
	}
	a := e.pop()
	v := uint64(0)
	switch op {
	case 0x1a:
		v = a & b
	case 0x1b: // div, signed
		if b == 0 {
			return ErrMalformed
		}
		if b == ^uint64(0) { // the one quotient that has no room is its own negation
			v = -a
		} else {
			v = uint64(int64(a) / int64(b))
		}
	case 0x1c:
		v = a - b
	case 0x1d: // mod
		if b == 0 {
			return ErrMalformed
		}
		v = a % b
	case 0x1e:
		v = a * b
	case 0x21:
		v = a | b
	case 0x22:
		v = a + b
	case 0x24:
		v = a << min(b, 64)
	case 0x25:
		v = a >> min(b, 64)
	case 0x26:
		v = uint64(int64(a) >> min(b, 63))
	case 0x27:
		v = a ^ b
	case 0x29:
		v = truth(a == b)
	case 0x2a:
		v = truth(int64(a) >= int64(b))
	case 0x2b:
		v = truth(int64(a) > int64(b))
	case 0x2c:
		v = truth(int64(a) <= int64(b))
	case 0x2d:
		v = truth(int64(a) < int64(b))
	case 0x2e:
		v = truth(a != b)
	}
	e.push(v)
	return nil
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
