package rules

import (
	"cmp"
	"slices"
	"strings"
)

// anySelf stands for a process id where none is compared with anything.
const anySelf = 1000

// pair is two policies' actions.
type pair struct{ a, b Action }

// box is a set of calls: of each dimension one of the classes in a set.
type box []bitset

// finding is what differs alike.
type finding struct {
	a, b    Verdict
	example Example
	boxes   []box
}

// dimension is one thing that conditions look at: an argument, or the path.
type dimension struct {
	index   int // of an argument, or AboutPath
	atoms   []atom
	paths   [][]string // lists of probes, each a question
	classes []class
	names   []string // of paths: one for each class
	holds   []bitset // for each rule looked at: the classes for which its conditions hold; nil for no condition
}

// comparison is one call in one stage with one process id.
type comparison struct {
	*differ
	nr       uint32
	stage    Stage
	self     uint32
	rules    []*Rule // of A, then of B
	dims     []dimension
	untraced bitset // the classes of clone's flags that no supervisor would see born
	found    []finding
	leaves   int
}

// maxLeaves bounds the combinations of one call.
const maxLeaves = 1 << 15

// call compares the calls of one name.
func (d *differ) call(name string, nr uint32) ([]Difference, error) {
	var atoms [6][]atom
	var probes [][]string
	for _, m := range [...]*Matcher{d.a, d.b} {
		for _, i := range m.rulesOf(nr) {
			r := &m.policy.Rules[i]
			for _, c := range r.When {
				atoms[c.Index] = addAtoms(atoms[c.Index], c)
			}
			if len(r.Probe) > 0 && !slices.ContainsFunc(probes, func(p []string) bool { return slices.Equal(p, r.Probe) }) {
				probes = append(probes, r.Probe)
			}
		}
	}
	if nr == d.a.clone {
		atoms[0] = addAtoms(atoms[0], untracedCond)
	}
	ids := selfAtoms(atoms)
	selves, err := selfClasses(ids, d.budget)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, stage := range [...]Stage{Loader, Main} {
		s := said{arch: d.arch, call: name, nr: nr, stage: stage, ids: ids, selves: selves, words: d.words}
		for i := range selves {
			c := comparison{differ: d, nr: nr, stage: stage, self: uint32(selves[i].value)}
			if err := c.run(atoms, probes); err != nil {
				return nil, err
			}
			if err := s.add(&c, i); err != nil {
				return nil, err
			}
		}
		out = mergeStages(out, s.differences())
	}
	return out, nil
}

// untracedCond is what Decide looks at beside the rules.
var untracedCond = Cond{Arg: "clone_flags", Index: 0, Bits: 32, Op: Masked, Mask: cloneUntraced, Values: []Value{{N: cloneUntraced}}}

// run finds what differs.
func (c *comparison) run(atoms [6][]atom, probes [][]string) error {
	var alive [2][]int
	for i, m := range [...]*Matcher{c.a, c.b} {
		for _, r := range m.rulesOf(c.nr) {
			if rule := &m.policy.Rules[r]; rule.Stage == AnyStage || rule.Stage == c.stage {
				alive[i] = append(alive[i], len(c.rules))
				c.rules = append(c.rules, rule)
			}
		}
	}
	for i := range atoms {
		if len(atoms[i]) == 0 {
			continue
		}
		list, err := classes(atoms[i], c.self, c.budget)
		if err != nil {
			return err
		}
		c.dims = append(c.dims, dimension{index: i, atoms: atoms[i], classes: list})
	}
	if len(probes) > 0 {
		c.dims = append(c.dims, pathDimension(probes))
	}
	for i := range c.dims {
		if err := c.dims[i].look(c.rules, c.self, c.budget); err != nil {
			return err
		}
	}
	if c.nr == c.a.clone {
		d := &c.dims[0]
		c.untraced = newBitset(len(d.classes))
		for k := range d.classes {
			if untracedCond.holds(d.classes[k].value, 0) {
				c.untraced.set(k)
			}
		}
	}
	return c.split(0, alive, nil, Example{Self: c.self})
}

// pathDimension has a class for each way in which lists of probes answer: to
// the path of a probe, to what is below a tree, to what no probe matches.
func pathDimension(probes [][]string) dimension {
	d := dimension{index: AboutPath, paths: probes}
	all := slices.Concat(probes...)
	names := []string{""}
	for _, p := range all {
		if strings.HasSuffix(p, "/") {
			for p += "x"; slices.Contains(all, p); {
				p += "x" // some name that no probe spells
			}
		}
		names = append(names, p)
	}
	seen := make(map[string]bool)
	for _, name := range names {
		k, key := class{answer: make([]bool, len(probes))}, make([]byte, len(probes))
		for i, list := range probes {
			if k.answer[i] = probed(list, name); k.answer[i] {
				key[i] = 1
			}
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			d.classes, d.names = append(d.classes, k), append(d.names, name)
		}
	}
	return d
}

// look finds for which classes each rule's conditions hold.
func (d *dimension) look(rules []*Rule, self uint32, b *budget) error {
	d.holds = make([]bitset, len(rules))
	for i, r := range rules {
		asks := d.index == AboutPath && len(r.Probe) > 0 ||
			slices.ContainsFunc(r.When, func(c Cond) bool { return c.Index == d.index })
		if !asks {
			continue
		}
		if err := b.spend(len(d.classes) * (len(r.When) + len(r.Probe) + 1)); err != nil {
			return err
		}
		set := newBitset(len(d.classes))
		for k := range d.classes {
			holds := true
			if d.index == AboutPath {
				holds = probed(r.Probe, d.names[k])
			} else {
				for j := range r.When {
					if w := &r.When[j]; w.Index == d.index && !w.holds(d.classes[k].value, self) {
						holds = false
					}
				}
			}
			if holds {
				set.set(k)
			}
		}
		d.holds[i] = set
	}
	return nil
}

// later reports whether a rule looks at a dimension from at on.
func (c *comparison) later(rule, at int) bool {
	return slices.ContainsFunc(c.dims[at:], func(d dimension) bool { return d.holds[rule] != nil })
}

// split goes through the classes of the dimensions from at on, those that no
// rule still in question tells apart taken together.
func (c *comparison) split(at int, alive [2][]int, b box, x Example) error {
	for i := range alive {
		for j, r := range alive[i] {
			if !c.later(r, at) {
				alive[i] = alive[i][:j+1] // it decides; what follows does not matter
				break
			}
		}
	}
	if at == len(c.dims) {
		return c.decide(b, x)
	}
	d := &c.dims[at]
	asked := slices.DeleteFunc(slices.Concat(alive[0], alive[1]), func(r int) bool { return d.holds[r] == nil })
	if err := c.budget.spend(len(d.classes) * (len(asked) + 4)); err != nil {
		return err
	}
	type group struct {
		first int
		set   bitset
	}
	var groups []group
	seen := make(map[string]int)
	for k := range d.classes {
		key := make([]byte, 0, len(asked)+1)
		for _, r := range asked {
			key = append(key, d.holds[r].bit(k))
		}
		if at == 0 && c.untraced != nil {
			key = append(key, c.untraced.bit(k))
		}
		g, ok := seen[string(key)]
		if !ok {
			g = len(groups)
			seen[string(key)] = g
			groups = append(groups, group{k, newBitset(len(d.classes))})
		}
		groups[g].set.set(k)
	}
	for _, g := range groups {
		var rest [2][]int
		for i := range alive {
			rest[i] = slices.DeleteFunc(slices.Clone(alive[i]), func(r int) bool { return d.holds[r] != nil && d.holds[r].bit(g.first) == 0 })
		}
		if d.index == AboutPath {
			x.Path = d.names[g.first]
		} else {
			x.Args[d.index] = d.classes[g.first].value
		}
		if err := c.split(at+1, rest, append(slices.Clip(b), g.set), x); err != nil {
			return err
		}
	}
	return nil
}

// decide asks both policies about what is left together.
func (c *comparison) decide(b box, x Example) error {
	if c.leaves++; c.leaves > maxLeaves {
		return errTooComplex
	}
	call, ctx := Call{Arch: c.arch, Nr: c.nr, Args: x.Args}, x.context(c.stage)
	va, vb := c.a.Decide(&call, &ctx), c.b.Decide(&call, &ctx)
	if va.Action == vb.Action {
		return nil
	}
	i := slices.IndexFunc(c.found, func(f finding) bool { return f.a.Action == va.Action && f.b.Action == vb.Action })
	if i < 0 {
		i = len(c.found)
		c.found = append(c.found, finding{a: va, b: vb, example: x})
	}
	if f := &c.found[i]; x.simpler(&f.example) {
		f.a, f.b, f.example = va, vb, x
	}
	c.found[i].boxes = append(c.found[i].boxes, b)
	return nil
}

// simpler reports whether an example is easier to read than another.
func (x *Example) simpler(y *Example) bool {
	return cmp.Or(cmp.Compare(len(x.Path), len(y.Path)), slices.Compare(x.Args[:], y.Args[:])) < 0
}

// context is what the example's verdicts rest on beside the call.
func (x *Example) context(stage Stage) Context {
	return Context{Stage: stage, Self: x.Self, Path: func(int) (string, bool) { return x.Path, true }}
}
