package rules

import "slices"

// literal is an atom's answer.
type literal struct {
	atom int
	is   bool
}

// cover says a set of a dimension's classes as alternatives of terms, exactly;
// false where that takes too long.
func (d *dimension) cover(set bitset, b *budget) ([][]Term, bool) {
	n := len(d.classes)
	questions := len(d.atoms) + len(d.paths)
	yes := make([]bitset, questions)
	for i := range yes {
		yes[i] = newBitset(n)
		for k := range d.classes {
			if d.classes[k].answer[i] {
				yes[i].set(k)
			}
		}
	}
	all := fullBitset(n)
	where := func(l literal) bitset {
		if l.is {
			return yes[l.atom]
		}
		return all.without(yes[l.atom])
	}
	outside := all.without(set)
	var cubes [][]literal
	var covers []bitset
	left := set
	for k := range n {
		if !left.has(k) {
			continue
		}
		// Literals of this class, each the one that shuts out the most of what
		// is outside; positive ones first, for they are shorter to read.
		var cube []literal
		rest, in := outside, all
		for !rest.empty() {
			if b.spend(questions*(n/16+8)) != nil {
				return nil, false
			}
			best, fewest, most := literal{-1, false}, rest.count(), 0
			for _, is := range [...]bool{true, false} {
				for a := range questions {
					if d.classes[k].answer[a] != is {
						continue
					}
					l := literal{a, is}
					out, in := rest.both(where(l)).count(), set.both(where(l)).count()
					if out < fewest || out == fewest && best.atom >= 0 && is == best.is && in > most {
						best, fewest, most = l, out, in
					}
				}
			}
			if best.atom < 0 {
				return nil, false // two classes with the same answers: there are none
			}
			cube = append(cube, best)
			rest, in = rest.both(where(best)), in.both(where(best))
		}
		for i := 0; i < len(cube); i++ { // an early one may have become needless
			without := all
			if b.spend(len(cube)*(n/64+1)) != nil {
				return nil, false
			}
			for j, l := range cube {
				if j != i {
					without = without.both(where(l))
				}
			}
			if without.both(outside).empty() {
				cube = slices.Delete(cube, i, i+1)
				in, i = without, i-1
			}
		}
		cubes, covers = append(cubes, cube), append(covers, in)
		left = left.without(in)
	}
	for i := 0; i < len(cubes); i++ {
		if b.spend(len(cubes)*(n/64+1)) != nil {
			return nil, false
		}
		others := newBitset(n)
		for j := range covers {
			if j != i {
				others = others.either(covers[j])
			}
		}
		if covers[i].without(others).empty() {
			cubes, covers, i = slices.Delete(cubes, i, i+1), slices.Delete(covers, i, i+1), i-1
		}
	}
	return d.terms(cubes), true
}

// terms gives cubes as terms, with values of one argument listed together.
func (d *dimension) terms(cubes [][]literal) [][]Term {
	var out [][]Term
	alternatives := -1 // the index in out of single values
	for _, cube := range cubes {
		var list []Term
		for _, l := range cube {
			list = d.addTerm(list, l)
		}
		if len(list) == 1 && list[0].single() {
			if alternatives >= 0 && out[alternatives][0].gather(list[0]) {
				continue
			}
			alternatives = len(out)
		}
		out = append(out, list)
	}
	return out
}

func (d *dimension) addTerm(list []Term, l literal) []Term {
	if d.index == AboutPath {
		return append(list, Term{Paths: d.paths[l.atom], Not: !l.is})
	}
	t := Term{Cond: d.atoms[l.atom].cond, Not: !l.is}
	if t.Not && t.Cond.Op == Eq {
		for i := range list {
			if list[i].Not && list[i].gather(Term{Cond: t.Cond}) {
				return list
			}
		}
	}
	return append(list, t)
}

// single reports whether a term is true for listed values only.
func (t *Term) single() bool {
	return t.Paths == nil && !t.Not && (t.Cond.Op == Eq || t.Cond.Op == In)
}

// gather adds a value to a term that lists some.
func (t *Term) gather(one Term) bool {
	if t.Paths != nil || t.Cond.Op != Eq && t.Cond.Op != In || one.Cond.Op != Eq || t.Cond.Arg != one.Cond.Arg || t.Cond.Bits != one.Cond.Bits {
		return false
	}
	t.Cond.Op = In
	t.Cond.Values = append(slices.Clip(t.Cond.Values), one.Cond.Values...)
	return true
}
