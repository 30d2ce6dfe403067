package unwind

import "warder/unwind/cfi"

// state is the registers of one frame, as far as they are known, by their
// DWARF numbers.
type state struct {
	regs  [cfi.MaxRegs]uint64
	known uint64 // bit n: regs[n] is what the frame had
	pc    uint64
	bias  uint64 // of the module that pc is in
	mem   *reader
}

func (s *state) set(n int, v uint64) { s.regs[n], s.known = v, s.known|1<<n }

func (s *state) forget(n int) { s.known &^= 1 << n }

// Reg, Load and Bias make it a cfi.State.
func (s *state) Reg(n int) (uint64, bool) {
	if n < 0 || n >= len(s.regs) {
		return 0, false
	}
	return s.regs[n], s.known>>n&1 != 0
}

func (s *state) Load(addr uint64, size int) (uint64, bool) { return s.mem.load(addr, size) }

func (s *state) Bias() uint64 { return s.bias }

func (s *state) sp() uint64 { return s.regs[regSP] }

// apply goes to the caller by a row of call frame information. False without
// an error: the row says that there is no caller.
func (s *state) apply(t *cfi.Table, row *cfi.Row) (caller state, cfa uint64, ok bool, err error) {
	if cfa, err = t.CFA(row, s); err != nil {
		return state{}, 0, false, err
	}
	if row.Regs[row.RA].Kind == cfi.Undefined {
		return state{}, cfa, false, nil
	}
	caller = state{known: s.known, mem: s.mem, regs: s.regs}
	for n := range row.Regs {
		if n != row.RA && row.Regs[n].Kind == cfi.Same {
			continue
		}
		v, known, err := t.Value(row, n, cfa, s)
		switch {
		case err != nil && (n == row.RA || n == regSP):
			return state{}, cfa, false, err
		case err != nil || !known:
			caller.forget(n)
		default:
			caller.set(n, v)
		}
	}
	ra, known := caller.Reg(row.RA)
	if !known {
		return state{}, cfa, false, cfi.ErrRead
	}
	if row.SignedRA {
		ra = unsigned(ra)
	}
	caller.pc = ra
	if regPC >= 0 {
		caller.set(max(regPC, 0), ra)
	}
	// Nothing is said of the stack pointer mostly: it is the CFA then.
	if row.Regs[regSP].Kind == cfi.Same {
		caller.set(regSP, cfa)
	}
	return caller, cfa, true, nil
}
