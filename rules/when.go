package rules

import (
	"slices"
	"strings"

	"warder/internal/guess"
)

type opForm struct {
	name     string
	op       Op
	unsigned bool
}

// opForms are a condition's keys. The last four compare as unsigned whatever
// the argument is, which is how libseccomp compares: profiles that come from
// there need them to be written down.
var opForms = [...]opForm{
	{"eq", Eq, false},
	{"ne", Ne, false},
	{"lt", Lt, false},
	{"le", Le, false},
	{"gt", Gt, false},
	{"ge", Ge, false},
	{"in", In, false},
	{"mask", Masked, false},
	{"ult", Lt, true},
	{"ule", Le, true},
	{"ugt", Gt, true},
	{"uge", Ge, true},
}

func opNamesList() []string {
	names := make([]string, len(opForms))
	for i := range opForms {
		names[i] = opForms[i].name
	}
	return names
}

// when reads the conditions of a rule for one of its calls.
func (d *document) when(n *node, call string) ([]Cond, bool) {
	problemsBefore := len(d.list)
	entries := d.fields(n, "when")
	if len(entries) == 0 && n.kind == mappingNode {
		d.at(n, "when is empty: leave it out")
	}
	var conds []Cond
	for _, e := range entries {
		a, ok := argumentOf(d.arch, call, e.key.text)
		if !ok {
			names := argumentNames(d.arch, call)
			has := "it takes none"
			if len(names) > 0 {
				has = "it has " + strings.Join(names, ", ")
			}
			d.at(e.key, "%s has no argument %q%s: %s", call, e.key.text, guess.Hint(e.key.text, names), has)
			continue
		}
		switch e.value.kind {
		case scalarNode:
			conds = d.compare(conds, a, Eq, false, e.value)
		case mappingNode:
			conds = d.comparisons(conds, a, e.value)
		case sequenceNode:
			// A list of mappings holds where all of them do: the only way to
			// compare twice alike, as with two masks.
			for _, item := range d.list1(e.value, e.key.text) {
				conds = d.comparisons(conds, a, item)
			}
		case nullNode:
			d.at(e.key, "%s is compared with nothing", e.key.text)
		}
	}
	return conds, len(d.list) == problemsBefore && !d.more
}

// comparisons reads a map such as {ge: 3, le: 7}.
func (d *document) comparisons(conds []Cond, a argument, n *node) []Cond {
	fs := d.fields(n, "the condition on "+a.Name, opNamesList()...)
	if len(fs) == 0 && n.kind == mappingNode && len(n.keys) == 0 {
		d.at(n, "the condition on %s is empty", a.Name)
	}
	mask := fs.get("mask")
	for _, f := range fs {
		i := slices.IndexFunc(opForms[:], func(o opForm) bool { return o.name == f.key.text })
		switch o := opForms[i]; {
		case o.op == Masked:
			conds = d.masked(conds, a, f.value, fs.get("eq"))
		case o.op == Eq && mask != nil:
			// Said together with the mask.
		default:
			conds = d.compare(conds, a, o.op, o.unsigned, f.value)
		}
	}
	return conds
}

func (d *document) masked(conds []Cond, a argument, mask, eq *node) []Cond {
	if eq == nil {
		d.at(mask, "mask needs eq beside it: argument AND mask equals eq")
		return conds
	}
	m, okMask := d.value(a, Masked, mask)
	v, okEq := d.value(a, Masked, eq)
	if !okMask || !okEq {
		return conds
	}
	switch {
	case m.N == 0:
		d.at(mask, "a mask of 0 leaves nothing to compare")
		return conds
	case v.N&^m.N != 0:
		d.at(eq, "never true: eq has bits (%#x) that the mask leaves out", v.N&^m.N)
		return conds
	}
	return append(conds, Cond{
		Arg: a.Name, Index: a.index, Bits: a.Bits, Signed: a.Signed,
		Op: Masked, Mask: m.N, Values: []Value{v},
	})
}

func (d *document) compare(conds []Cond, a argument, op Op, unsigned bool, n *node) []Cond {
	c := Cond{Arg: a.Name, Index: a.index, Bits: a.Bits, Signed: a.Signed && !unsigned, Op: op}
	items := []*node{n}
	if op == In {
		items = d.list1(n, "in")
	}
	for _, item := range items {
		if v, ok := d.value(a, op, item); ok {
			c.Values = append(c.Values, v)
		}
		if text := item.text; ordered(op) && !c.Signed && strings.HasPrefix(text, "-") {
			d.at(item, "%s is compared as unsigned: %s would be a large number", a.Name, text)
		}
	}
	if len(c.Values) < max(len(items), 1) {
		return conds
	}
	return append(conds, c)
}

func ordered(op Op) bool { return op == Lt || op == Le || op == Gt || op == Ge }

func (d *document) value(a argument, op Op, n *node) (Value, bool) {
	text, ok := d.scalar(n, a.Name)
	if !ok {
		return Value{}, false
	}
	v, err := a.parse(text)
	if err != nil {
		d.at(n, "%v", err)
		return Value{}, false
	}
	if v.Self && op != Eq && op != Ne && op != In {
		d.at(n, "self goes with eq, ne and in only")
		return Value{}, false
	}
	return v, true
}
