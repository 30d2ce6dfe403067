package rules

import (
	"slices"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ociEntry is one element of syscalls that applies here.
type ociEntry struct {
	at     *node
	names  []string // those that the architecture has
	action Action
	args   []ociArg
	why    string
}

// ociArg is one element of args.
type ociArg struct {
	at              *node
	index           int
	op              specs.LinuxSeccompOperator
	value, valueTwo uint64
}

// entry reads one element of syscalls, and counts the names of all of them
// towards the highest call known.
func (o *oci) entry(n *node) (ociEntry, bool) {
	before := len(o.problems.list)
	fs := o.fields(n, "the entry", entryKeys[:]...)
	if n.kind != mappingNode {
		return ociEntry{}, false
	}
	e := ociEntry{at: n, names: o.names(n, fs)}
	if comment := present(fs, "comment"); comment != nil && comment.kind == scalarNode && printable(comment.text) {
		e.why = comment.text
	}
	applies := o.applies(fs)
	for _, item := range o.list(present(fs, "args"), "args") {
		// A mask of 0 compares nothing; libseccomp drops it, and an entry
		// with nothing else is one without args.
		if a := o.arg(item); a.op != specs.OpMaskedEqual || a.value != 0 {
			e.args = append(e.args, a)
		}
	}
	action := present(fs, "action")
	switch {
	case action == nil:
		o.at(n, "the entry has no action")
	case applies:
		e.action, _ = o.ociAction(action, present(fs, "errnoRet"), present(fs, "errno"))
	}
	return e, applies && len(o.problems.list) == before
}

func (o *oci) names(n *node, fs fields) []string {
	items := o.list(present(fs, "names"), "names")
	if old := present(fs, "name"); old != nil && old.text != "" { // Docker's before 1.12
		if len(items) > 0 {
			o.at(old, "both name and names: give one of them")
		}
		items = []*node{old}
	}
	if len(items) == 0 {
		o.at(n, "the entry names no call")
	}
	var names []string
	for _, item := range items {
		name, ok := o.scalar(item, "a call's name")
		if !ok {
			continue
		}
		if name == "" {
			o.at(item, "an empty name")
			continue
		}
		nr, ok := o.arch.Number(name)
		if !ok || slices.Contains(names, name) {
			continue
		}
		o.policy.LastKnown = max(o.policy.LastKnown, nr)
		names = append(names, name)
	}
	return names
}

func (o *oci) arg(n *node) ociArg {
	a := ociArg{at: n}
	fs := o.fields(n, "args", "index", "value", "valueTwo", "op")
	if n.kind != mappingNode {
		return a
	}
	number := func(key string, largest uint64) uint64 {
		item := present(fs, key)
		if item == nil {
			return 0 // as encoding/json leaves it
		}
		text, ok := o.scalar(item, key)
		v, err := strconv.ParseUint(text, 10, 64)
		if ok && (err != nil || v > largest) {
			o.at(item, "%s %s is not a number from 0 to %d", key, text, largest)
		}
		return v
	}
	a.index = int(min(number("index", 5), 5))
	a.value, a.valueTwo = number("value", 1<<64-1), number("valueTwo", 1<<64-1)
	op := present(fs, "op")
	if op == nil {
		o.at(n, "args without op")
		return a
	}
	text, _ := o.scalar(op, "op")
	a.op = specs.LinuxSeccompOperator(text)
	switch a.op {
	case specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpEqualTo,
		specs.OpGreaterEqual, specs.OpGreaterThan, specs.OpMaskedEqual:
	default:
		o.at(op, "unknown op %q", text)
	}
	return a
}

// rules appends what the entries say. Entries are in the profile's order.
func (o *oci) rules(entries []ociEntry) {
	p := o.policy
	settled := map[string]*node{} // calls that an entry without args decides
	for i := range entries {
		e := &entries[i]
		if len(e.args) > 0 || e.action == p.Default {
			continue
		}
		for _, name := range e.names {
			if settled[name] == nil {
				settled[name] = e.at
			}
		}
	}
	closed := map[string]bool{} // calls whose last condition always holds
	for i := range entries {
		e := &entries[i]
		if e.action == p.Default {
			continue
		}
		rule := Rule{Action: e.action, Why: e.why, Line: e.at.line}
		if len(e.args) == 0 {
			for _, name := range e.names {
				if settled[name] == e.at {
					rule.Calls = append(rule.Calls, name)
				}
			}
			if len(rule.Calls) > 0 {
				p.Rules = append(p.Rules, rule)
			}
			continue
		}
		for _, args := range alternatives(e.args) {
			from := len(p.Rules)
			for _, name := range e.names {
				if settled[name] != nil || closed[name] {
					continue
				}
				conds, ok := o.lower(name, args)
				if !ok {
					continue
				}
				closed[name] = len(conds) == 0
				p.Rules = addAlike(p.Rules, from, rule, name, conds)
			}
		}
	}
}

// alternatives splits args as runc does: together they are one rule, unless
// two are about the same argument; then each is a rule by itself, and any
// that holds decides.
func alternatives(args []ociArg) [][]ociArg {
	seen := [6]bool{}
	for _, a := range args {
		if seen[a.index] {
			split := make([][]ociArg, len(args))
			for i := range args {
				split[i] = args[i : i+1]
			}
			return split
		}
		seen[a.index] = true
	}
	return [][]ociArg{args}
}

// lower turns args into conditions on one call; false if they never hold.
//
// libseccomp compares all 64 bits of a register, as unsigned numbers. Here
// the comparison is as wide as the kernel reads where abi describes the
// argument, since the other bits are the program's to choose: with fcntl's
// F_GETFD denied, libseccomp lets F_GETFD | 1<<32 pass, which the kernel
// takes for F_GETFD. A value that does not fit can then no longer be met;
// only the sign extension of a negative number that fits is taken for it.
func (o *oci) lower(call string, args []ociArg) ([]Cond, bool) {
	var conds []Cond
	for _, arg := range args {
		a := argumentAt(o.arch, call, arg.index)
		c := Cond{Arg: a.Name, Index: arg.index, Bits: a.Bits, Signed: a.Signed, Op: ociOp(arg.op)}
		outcome := maybe
		switch {
		case c.Op == Masked:
			outcome = c.mask(arg)
		case ordered(c.Op):
			c.Signed = false
			outcome = c.against(arg.value, narrow(arg.value, a.Bits) == arg.value)
		default:
			v, fits := fit(arg.value, a.Bits)
			outcome = c.against(v, fits)
		}
		switch outcome {
		case never:
			o.note(arg.at, "%s: the kernel reads %d bits of %s, where this never holds: dropped", call, a.Bits, a.Name)
			return nil, false
		case ever:
			o.note(arg.at, "%s: the kernel reads %d bits of %s, where this always holds", call, a.Bits, a.Name)
		case maybe:
			conds = append(conds, c)
		}
	}
	return conds, true
}

func ociOp(op specs.LinuxSeccompOperator) Op {
	switch op {
	case specs.OpNotEqual:
		return Ne
	case specs.OpLessThan:
		return Lt
	case specs.OpLessEqual:
		return Le
	case specs.OpGreaterThan:
		return Gt
	case specs.OpGreaterEqual:
		return Ge
	case specs.OpMaskedEqual:
		return Masked
	case specs.OpEqualTo:
	}
	return Eq
}

// outcome is what is known of a condition before any call.
type outcome uint8

const (
	maybe outcome = iota
	never
	ever
)

// against sets the value, or says what a value that does not fit comes to:
// every argument is less than it.
func (c *Cond) against(v uint64, fits bool) outcome {
	switch {
	case fits:
		c.Values = []Value{{N: v}}
		return maybe
	case c.Op == Ne || c.Op == Lt || c.Op == Le:
		return ever
	}
	return never
}

// mask sets mask and value. libseccomp drops the value's bits outside the
// mask, so these do not make the condition false.
func (c *Cond) mask(arg ociArg) outcome {
	c.Mask = narrow(arg.value, c.Bits)
	v := arg.value & arg.valueTwo
	switch {
	case v != narrow(v, c.Bits):
		return never
	case c.Mask == 0:
		return ever
	}
	c.Values = []Value{{N: v}}
	return maybe
}
