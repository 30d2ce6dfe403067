package trace

import "warder/abi"

// Set is a set of system calls, by architecture and number. A nil set has all.
type Set struct {
	bits [tables][tableSize / 64]uint64
	rest bool // numbers that no table has
}

// Has reports whether a call is in the set.
func (s *Set) Has(arch abi.Arch, nr uint32) bool {
	if s == nil {
		return true
	}
	if int(arch) >= tables || nr >= tableSize {
		return s.rest
	}
	return s.bits[arch][nr/64]>>(nr%64)&1 != 0
}

func (s *Set) add(arch abi.Arch, nr uint32) {
	if int(arch) < tables && nr < tableSize {
		s.bits[arch][nr/64] |= 1 << (nr % 64)
	}
}

func (s *Set) union(o *Set) {
	for a := range s.bits {
		for i := range s.bits[a] {
			s.bits[a][i] |= o.bits[a][i]
		}
	}
	s.rest = s.rest || o.rest
}

func (s *Set) invert() {
	for a := range s.bits {
		for i := range s.bits[a] {
			s.bits[a][i] = ^s.bits[a][i]
		}
	}
	s.rest = !s.rest
}

// All reports whether every call is in the set, those without a name too.
func (s *Set) All() bool {
	if s == nil {
		return true
	}
	for a := range s.bits {
		for i := range s.bits[a] {
			if a != 0 && s.bits[a][i] != ^uint64(0) {
				return false
			}
		}
	}
	return s.rest
}

// Numbers lists an architecture's calls in the set that have a name, in
// ascending order.
func (s *Set) Numbers(arch abi.Arch) []uint32 {
	var list []uint32
	for nr := range uint32(tableSize) {
		if _, ok := arch.Name(nr); ok && s.Has(arch, nr) {
			list = append(list, nr)
		}
	}
	return list
}

// Names lists an architecture's calls in the set by name, in the order of
// their numbers.
func (s *Set) Names(arch abi.Arch) []string {
	numbers := s.Numbers(arch)
	names := make([]string, len(numbers))
	for i, nr := range numbers {
		names[i], _ = arch.Name(nr)
	}
	return names
}
