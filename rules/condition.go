package rules

import "warder/rules/bpf"

// cond places one condition.
func (l *lowering) cond(c *Cond, yes, no bpf.Label) bpf.Label {
	switch c.Op {
	case Eq:
		return l.equal(c, c.Values[:1], ^uint64(0), yes, no)
	case Ne:
		return l.equal(c, c.Values[:1], ^uint64(0), no, yes)
	case In:
		return l.equal(c, c.Values, ^uint64(0), yes, no)
	case Masked:
		return l.equal(c, c.Values[:1], c.Mask, yes, no)
	case Gt:
		return l.above(c, true, yes, no)
	case Le:
		return l.above(c, true, no, yes)
	case Ge:
		return l.above(c, false, yes, no)
	case Lt:
		return l.above(c, false, no, yes)
	}
	return no
}

// equal goes to yes where argument&mask is one of values.
func (l *lowering) equal(c *Cond, values []Value, mask uint64, yes, no bpf.Label) bpf.Label {
	mask = narrow(mask, c.Bits)
	low := func(v Value, no bpf.Label) bpf.Label {
		if v.Self {
			return l.b.JeqSlot(bpf.SlotSelf, yes, no)
		}
		return l.b.Jeq(uint32(narrow(v.N, c.Bits)), yes, no)
	}
	load := func(off uint32, mask uint32, next bpf.Label) bpf.Label {
		if mask != ^uint32(0) {
			next = l.b.And(mask, next)
		}
		return l.b.Load(off, next)
	}
	if c.Bits <= 32 {
		at := no
		for i := len(values) - 1; i >= 0; i-- {
			at = low(values[i], at)
		}
		if at == yes || at == no {
			return at
		}
		return load(bpf.OffArgLow(c.Index), uint32(mask), at)
	}
	at := no
	for i := len(values) - 1; i >= 0; i-- {
		v := values[i]
		lo := load(bpf.OffArgLow(c.Index), uint32(mask), low(v, at))
		high := uint32(0)
		if !v.Self {
			high = uint32(v.N >> 32)
		}
		at = load(bpf.OffArgHigh(c.Index), uint32(mask>>32), l.b.Jeq(high, lo, at))
	}
	return at
}

// above goes to yes where the argument is greater than the value (strict), or
// at least the value. Signed arguments have their sign bit flipped on both
// sides, which turns the kernel's unsigned comparison into a signed one.
func (l *lowering) above(c *Cond, strict bool, yes, no bpf.Label) bpf.Label {
	v := c.order(narrow(c.Values[0].N, c.Bits))
	jump := l.b.Jge
	if strict {
		jump = l.b.Jgt
	}
	low := jump(uint32(v), yes, no)
	if c.Bits <= 32 {
		if low == yes || low == no {
			return low
		}
		switch {
		case c.Signed:
			low = l.b.Xor(1<<(c.Bits-1), low)
			if c.Bits == 16 {
				low = l.b.And(0xffff, low)
			}
		case c.Bits == 16:
			low = l.b.And(0xffff, low)
		}
		return l.b.Load(bpf.OffArgLow(c.Index), low)
	}
	lo := l.b.Load(bpf.OffArgLow(c.Index), low)
	high := l.b.Jgt(uint32(v>>32), yes, l.b.Jeq(uint32(v>>32), lo, no))
	if c.Signed {
		high = l.b.Xor(1<<31, high)
	}
	return l.b.Load(bpf.OffArgHigh(c.Index), high)
}
