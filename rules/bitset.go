package rules

import "math/bits"

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// fullBitset has all numbers below n.
func fullBitset(n int) bitset {
	s := newBitset(n)
	for i := range n {
		s.set(i)
	}
	return s
}

func (s bitset) set(i int) { s[i/64] |= 1 << (i % 64) }

func (s bitset) bit(i int) byte { return byte(s[i/64] >> (i % 64) & 1) }

func (s bitset) has(i int) bool { return s.bit(i) == 1 }

func (s bitset) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// both is what s and t share.
func (s bitset) both(t bitset) bitset {
	out := make(bitset, len(s))
	for i := range s {
		out[i] = s[i] & t[i]
	}
	return out
}

// either is what is in s or t.
func (s bitset) either(t bitset) bitset {
	out := make(bitset, len(s))
	for i := range s {
		out[i] = s[i] | t[i]
	}
	return out
}

// without is what is in s and not in t.
func (s bitset) without(t bitset) bitset {
	out := make(bitset, len(s))
	for i := range s {
		out[i] = s[i] &^ t[i]
	}
	return out
}

func (s bitset) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}
