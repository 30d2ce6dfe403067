package rules

import (
	"fmt"
	"slices"

	"warder/abi"
)

// said puts what was found for each class of process ids into conditions.
type said struct {
	arch   abi.Arch
	call   string
	nr     uint32
	stage  Stage
	ids    []atom // about the process id
	selves []class
	words  *budget
	list   []*saying
}

// saying is one pair of actions.
type saying struct {
	Difference
	pair   pair
	unsaid bool
	ways   []way
}

// way is a set of calls, for some process ids.
type way struct {
	key     string
	regions []Region
	selves  bitset
}

// add puts what a comparison found for the process ids of class self.
func (s *said) add(c *comparison, self int) error {
	for i := range c.found {
		f := &c.found[i]
		p := pair{f.a.Action, f.b.Action}
		at := slices.IndexFunc(s.list, func(x *saying) bool { return x.pair == p })
		if at < 0 {
			at = len(s.list)
			s.list = append(s.list, &saying{pair: p, Difference: Difference{
				Call: s.call, First: s.nr, Last: s.nr, Stage: s.stage, A: f.a, B: f.b, Example: f.example,
			}})
		}
		x := s.list[at]
		regions, ok, err := c.regions(f.boxes)
		if err != nil {
			return err
		}
		if !ok {
			x.unsaid = true
			continue
		}
		key := fmt.Sprint(regions)
		w := slices.IndexFunc(x.ways, func(w way) bool { return w.key == key })
		if w < 0 {
			w = len(x.ways)
			x.ways = append(x.ways, way{key, regions, newBitset(len(s.selves))})
		}
		x.ways[w].selves.set(self)
	}
	return nil
}

// differences gives what was added, with conditions on the process id where
// it matters.
func (s *said) differences() []Difference {
	out := make([]Difference, 0, len(s.list))
	for _, x := range s.list {
		for _, w := range x.ways {
			if w.selves.count() == len(s.selves) {
				x.Where = append(x.Where, w.regions...)
				continue
			}
			d := dimension{index: AboutSelf, atoms: s.ids, classes: s.selves}
			any, ok := d.cover(w.selves, s.words)
			if !ok {
				x.unsaid = true
				break
			}
			c := Clause{Index: AboutSelf, Any: any}
			if len(w.regions) == 0 {
				x.Where = append(x.Where, Region{c})
			}
			for _, r := range w.regions {
				x.Where = append(x.Where, append(Region{c}, r...))
			}
		}
		if len(x.Where) > maxRegions {
			x.unsaid = true
		}
		if x.unsaid {
			x.Where, x.Unsaid = nil, true
		}
		out = append(out, x.Difference)
	}
	return out
}

// mergeStages adds what differs in the main stage to what differs in the
// loader's.
func mergeStages(loader, main []Difference) []Difference {
	for _, m := range main {
		i := slices.IndexFunc(loader, func(l Difference) bool {
			return l.Stage == Loader && l.A.Action == m.A.Action && l.B.Action == m.B.Action &&
				!l.Unsaid && !m.Unsaid && fmt.Sprint(l.Where) == fmt.Sprint(m.Where)
		})
		if i < 0 {
			loader = append(loader, m)
			continue
		}
		m.Stage = AnyStage // with the rules of the main stage, where most calls are made
		loader[i] = m
	}
	return loader
}

// maxRegions bounds what is put into words.
const maxRegions = 64

// regions gives boxes as conditions, nil for everything, and false where that
// would be too long.
func (c *comparison) regions(boxes []box) (list []Region, ok bool, err error) {
	if len(boxes) > 4*maxRegions {
		return nil, false, nil
	}
	boxes, err = c.joined(slices.Clone(boxes))
	if err != nil || len(boxes) > maxRegions {
		return nil, false, err
	}
	for _, b := range boxes {
		var r Region
		for i := range c.dims {
			d := &c.dims[i]
			if b[i].count() == len(d.classes) {
				continue
			}
			any, ok := d.cover(b[i], c.words)
			if !ok {
				return nil, false, nil
			}
			r = append(r, Clause{Index: d.index, Any: any})
		}
		if r == nil {
			return nil, true, nil // every call
		}
		list = append(list, r)
	}
	return list, true, nil
}

// joined unites boxes that differ in one dimension only, as long as there are
// any, and leaves out those that lie in others.
func (c *comparison) joined(boxes []box) ([]box, error) {
	for again := true; again; {
		again = false
		for i := 0; i < len(boxes); i++ {
			for j := i + 1; j < len(boxes); j++ {
				if err := c.budget.spend(8 * len(c.dims)); err != nil {
					return nil, err
				}
				u, ok := unite(boxes[i], boxes[j])
				if !ok {
					continue
				}
				boxes[i] = u
				boxes = slices.Delete(boxes, j, j+1)
				again, j = true, j-1
			}
		}
	}
	return boxes, nil
}

// unite gives two boxes as one.
func unite(a, b box) (box, bool) {
	different, inA, inB := -1, true, true
	for i := range a {
		if slices.Equal(a[i], b[i]) {
			continue
		}
		if different >= 0 {
			different = len(a)
		} else {
			different = i
		}
		inA = inA && b[i].without(a[i]).empty()
		inB = inB && a[i].without(b[i]).empty()
	}
	switch {
	case inA:
		return a, true
	case inB:
		return b, true
	case different == len(a):
		return nil, false
	}
	u := slices.Clone(a)
	u[different] = a[different].either(b[different])
	return u, true
}
