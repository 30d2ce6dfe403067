package rules

import (
	"errors"
	"slices"
)

// errTooComplex ends a comparison of policies whose conditions fall apart into
// more classes than a person could have meant.
var errTooComplex = errors.New("more combinations of conditions than can be compared")

// budget bounds the work of one comparison, in steps: conditions with masks
// can be as hard as any problem of logic.
type budget struct{ left int }

func (b *budget) spend(steps int) error {
	if b.left -= steps; b.left < 0 {
		return errTooComplex
	}
	return nil
}

// atom is a question about a register that conditions are made of: whether
// its low bits, under a mask, have a value, or how they compare with one.
type atom struct {
	cond Cond // Masked, Eq, Lt or Le, with one value
	self bool // the value is the process id
}

// atoms takes a condition apart. It is a function of their answers: Ne is the
// opposite of Eq, Ge of Lt, Gt of Le, and In is any of several Eq.
func (c *Cond) atoms() []atom {
	out := make([]atom, 0, len(c.Values))
	for _, v := range c.Values {
		a := atom{cond: *c, self: v.Self}
		a.cond.Values = []Value{v}
		switch c.Op {
		case Ne, In:
			a.cond.Op = Eq
		case Ge:
			a.cond.Op = Lt
		case Gt:
			a.cond.Op = Le
		case Eq, Masked, Lt, Le:
		}
		out = append(out, a)
	}
	return out
}

// same reports whether two atoms ask the same, whatever the argument is called.
func (a *atom) same(b *atom) bool {
	x, y := &a.cond, &b.cond
	return x.Op == y.Op && x.Bits == y.Bits && (x.Signed == y.Signed || !ordered(x.Op)) &&
		(x.Op != Masked || x.Mask == y.Mask) && x.Values[0] == y.Values[0]
}

func addAtoms(list []atom, conds ...Cond) []atom {
	for i := range conds {
		for _, a := range conds[i].atoms() {
			if !slices.ContainsFunc(list, func(b atom) bool { return a.same(&b) }) {
				list = append(list, a)
			}
		}
	}
	return list
}

// How an atom stands after the upper bits of a register.
const (
	alike   = 0 // as good as the value so far
	below   = 1 // less, or unequal
	greater = 2
)

// step gives an atom's standing after one more bit, from the highest down.
func (a *atom) step(standing byte, bit int, one bool, self uint32) byte {
	c := &a.cond
	if standing != alike || bit >= int(c.Bits) {
		return standing
	}
	if c.Op == Masked && c.Mask>>bit&1 == 0 {
		return alike
	}
	want := c.value(0, self)
	if ordered(c.Op) {
		want = c.order(want)
		one = one != (c.Signed && bit == int(c.Bits)-1)
	}
	switch w := want>>bit&1 == 1; {
	case w == one:
		return alike
	case w || !ordered(c.Op):
		return below
	}
	return greater
}

// holds gives the answer at the end.
func (a *atom) holds(standing byte, self uint32) bool {
	switch a.cond.Op {
	case Lt:
		return standing == below
	case Le:
		return standing != greater
	case Eq, Masked, Ne, Gt, Ge, In:
	}
	// A process id may not fit a narrow argument.
	return standing == alike && a.cond.value(0, self) == narrow(a.cond.value(0, self), a.cond.Bits)
}

// class is the values of a register to which every atom has one answer.
type class struct {
	value  uint64 // the smallest of them
	answer []bool // of each atom
}

// classes finds every combination of answers that a register can give, exactly:
// the atoms are followed bit by bit, and what stands alike is followed once.
func classes(atoms []atom, self uint32, b *budget) ([]class, error) {
	type state struct {
		standing string
		value    uint64
	}
	states := []state{{standing: string(make([]byte, len(atoms)))}}
	for bit := 63; bit >= 0; bit-- {
		if !slices.ContainsFunc(atoms, func(a atom) bool { return bit < int(a.cond.Bits) }) {
			continue
		}
		if err := b.spend(2 * len(states) * (len(atoms) + 8)); err != nil {
			return nil, err
		}
		next := make([]state, 0, len(states)+1)
		seen := make(map[string]int, len(states)+1)
		for _, one := range [...]bool{false, true} {
			for _, s := range states {
				to := make([]byte, len(atoms))
				for i := range atoms {
					to[i] = atoms[i].step(s.standing[i], bit, one, self)
				}
				value := s.value
				if one {
					value |= 1 << bit
				}
				if i, ok := seen[string(to)]; ok {
					next[i].value = min(next[i].value, value)
					continue
				}
				seen[string(to)] = len(next)
				next = append(next, state{string(to), value})
			}
		}
		states = next
	}
	// What stands otherwise may answer alike: greater and unequal, say.
	out := make([]class, 0, len(states))
	seen := make(map[string]int, len(states))
	for _, s := range states {
		k := class{value: s.value, answer: make([]bool, len(atoms))}
		key := make([]byte, len(atoms))
		for i := range atoms {
			if k.answer[i] = atoms[i].holds(s.standing[i], self); k.answer[i] {
				key[i] = 1
			}
		}
		if i, ok := seen[string(key)]; ok {
			out[i].value = min(out[i].value, k.value)
			continue
		}
		seen[string(key)] = len(out)
		out = append(out, k)
	}
	return out, nil
}

// pidLimit is the highest process id there can be (PID_MAX_LIMIT of
// linux/threads.h).
const pidLimit = 1 << 22

// selfAtoms are the questions about the process id on whose answers a
// comparison may depend. Atoms about an argument with which it is compared
// tell ids apart, and so does the low part of a wider atom's value, for an
// argument is more than what is compared of it.
func selfAtoms(args [6][]atom) []atom {
	var out []atom
	for _, atoms := range args {
		if !slices.ContainsFunc(atoms, func(a atom) bool { return a.self }) {
			continue
		}
		for _, a := range atoms {
			if a.self {
				continue
			}
			out = addAtoms(out, a.cond)
			for _, bits := range [...]uint8{16, 32} {
				if bits >= a.cond.Bits {
					continue
				}
				low := a.cond
				low.Bits, low.Signed = bits, false
				low.Values = []Value{{N: narrow(a.cond.Values[0].N, bits)}}
				if low.Op == Masked {
					if low.Mask = narrow(low.Mask, bits); low.Mask != 0 {
						out = addAtoms(out, low)
					}
					continue
				}
				for _, op := range [...]Op{Lt, Le} {
					low.Op = op
					out = addAtoms(out, low)
				}
			}
		}
		// It never equals an argument that it does not fit.
		out = addAtoms(out, Cond{Bits: 64, Op: Le, Values: []Value{{N: 0xffff}}})
	}
	if out == nil {
		return nil
	}
	for i := range out {
		out[i].cond.Arg = "self"
	}
	return out
}

// selfClasses are the classes of process ids.
func selfClasses(atoms []atom, b *budget) ([]class, error) {
	if len(atoms) == 0 {
		return []class{{value: 1000}}, nil
	}
	n := len(atoms)
	all := addAtoms(slices.Clip(atoms),
		Cond{Bits: 64, Op: Lt, Values: []Value{{N: 1}}}, Cond{Bits: 64, Op: Le, Values: []Value{{N: pidLimit}}})
	list, err := classes(all, 0, b)
	out := make([]class, 0, len(list))
	for _, k := range list {
		if k.value >= 1 && k.value <= pidLimit {
			k.answer = k.answer[:n]
			usual := true
			for i := range atoms {
				usual = usual && atoms[i].cond.holds(anySelf, 0) == k.answer[i]
			}
			if usual {
				k.value = anySelf
				out = slices.Insert(out, 0, k) // the first to be an example
				continue
			}
			out = append(out, k)
		}
	}
	return out, err
}
