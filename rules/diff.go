package rules

import (
	"cmp"
	"fmt"
	"math"

	"warder/abi"
)

// Difference is a set of calls that two policies, A and B, answer differently:
// one pair of actions for the calls of one name.
type Difference struct {
	Call string // the call's name; "" for numbers that have none
	// First and Last are the numbers, both included: one, where there is a name.
	First, Last uint32
	Stage       Stage // AnyStage where it is so in both
	// A and B are the verdicts for the example. Their actions are those for
	// the whole set; the rules may be others elsewhere in it.
	A, B Verdict
	// Where lists alternatives that together are the set, nil for every call of
	// that name. With Unsaid they are too many to be listed, and it is nil.
	Where   []Region
	Unsaid  bool
	Example Example
}

// Example is one call of a Difference, and what its verdicts rest on.
type Example struct {
	Args [6]uint64
	Self uint32 // the process id of the session's first process
	// Path is what the call's first path argument points to, where a rule with
	// probe has a say; else "".
	Path string
}

// Region is a set of calls: those for which every clause holds.
type Region []Clause

// Clause is about one argument, the process id or the path.
type Clause struct {
	Index int      // 0 to 5; AboutSelf or AboutPath
	Any   [][]Term // one of these lists holds, in all its terms
}

// What a clause may be about beside an argument.
const (
	AboutSelf = 6 // the process id of the session's first process
	AboutPath = 7 // the path of the call
)

// Term is a condition, or a list of paths as in Rule.Probe, or the opposite.
type Term struct {
	Cond  Cond
	Paths []string // in a clause about the path: all that is given
	Not   bool
}

// Holds reports whether a call of the right name, whose path can be read as
// path, lies in the region.
func (r Region) Holds(args *[6]uint64, self uint32, path string) bool {
	for _, c := range r {
		if !c.holds(args, self, path) {
			return false
		}
	}
	return true
}

func (c *Clause) holds(args *[6]uint64, self uint32, path string) bool {
	for _, terms := range c.Any {
		all := true
		for i := range terms {
			t := &terms[i]
			var is bool
			switch c.Index {
			case AboutPath:
				is = probed(t.Paths, path)
			case AboutSelf:
				is = t.Cond.holds(uint64(self), self)
			default:
				is = t.Cond.holds(args[c.Index], self)
			}
			all = all && is != t.Not
		}
		if all {
			return true
		}
	}
	return false
}

// Diff compares what two policies answer to the calls of one architecture, for
// which both were parsed: every number, both stages, every register. It
// decides by the rules alone, with Decide: two texts that say the same are
// equal. The differences are in the order of numbers.
//
// A foreign architecture's calls are refused by both. What is no call, paths
// and ports for instance, is [DiffSettings]'s.
//
// It fails where conditions are combined in more ways than can be compared.
func Diff(a, b *Policy, arch abi.Arch) ([]Difference, error) {
	d := differ{a: NewMatcher(a, arch), b: NewMatcher(b, arch), arch: arch, budget: &budget{maxSteps}, words: &budget{maxSteps / 2}}
	var out []Difference
	top := uint32(0)
	for _, name := range arch.Names() {
		nr, _ := arch.Number(name)
		top = max(top, nr)
	}
	for nr := range top + 1 {
		name, ok := arch.Name(nr)
		if !ok {
			out = d.unnamed(out, nr, nr)
			continue
		}
		found, err := d.call(name, nr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, found...)
	}
	end := uint32(math.MaxUint32)
	if arch == abi.X86_64 {
		end = abi.X32Bit - 1
	}
	for first := top + 1; ; {
		last := end
		for _, p := range [...]*Policy{a, b} {
			if k := p.LastKnown; k >= first && k < last {
				last = k
			}
		}
		out = d.unnamed(out, first, last)
		if last == end {
			return out, nil
		}
		first = last + 1
	}
}

// maxSteps is some seconds of work.
const maxSteps = 1 << 27

type differ struct {
	a, b   *Matcher
	arch   abi.Arch
	budget *budget
	words  *budget // for putting differences into conditions; without it they are unsaid
}

// unnamed compares numbers that no rule can name, and that are decided alike.
func (d *differ) unnamed(out []Difference, first, last uint32) []Difference {
	c := Call{Arch: d.arch, Nr: first}
	ctx := Context{Stage: Main}
	va, vb := d.a.Decide(&c, &ctx), d.b.Decide(&c, &ctx)
	if va.Action == vb.Action {
		return out
	}
	if n := len(out); n > 0 {
		if o := &out[n-1]; o.Call == "" && o.Last+1 == first && o.A.Action == va.Action && o.B.Action == vb.Action {
			o.Last = last
			return out
		}
	}
	return append(out, Difference{First: first, Last: last, A: va, B: vb, Example: Example{Self: anySelf}})
}

// Beyond says which of two actions lets more run: -1 the first, 1 the second,
// 0 neither. A rewritten call is between one that runs and one that does not.
func Beyond(a, b Action) int {
	rank := func(a Action) int {
		switch a.Kind {
		case Allow, Log, Trace:
			return 2
		case Rewrite:
			return 1
		case Kill, Errno:
		}
		return 0
	}
	return cmp.Compare(rank(b), rank(a))
}
