package dwarf

import (
	"errors"
	"slices"
	"strings"

	"warder/internal/cursor"
)

// function is a range of addresses of a function that was compiled as such.
// One in several pieces (a cold part) has several.
type function struct {
	start, end uint64
	entry      uint64 // its first address, in another piece perhaps
	die        uint64 // offset of its entry
	inlined    []inlined
}

// inlined is a range of a call that was compiled into a function, in the order
// of the entries: one inside another comes behind it.
type inlined struct {
	start, end uint64
	die        uint64
	file, line uint32 // of the call
	depth      uint16
}

// calls finds the functions of an address.
func (d *Data) calls(u *unit, addr uint64, table *lineTable) ([]Call, error) {
	err := d.readFunctions(u)
	here := Call{}
	if table != nil {
		here.File, here.Line = table.find(addr)
	}
	i, _ := slices.BinarySearchFunc(u.functions, addr, func(f function, a uint64) int {
		if f.start <= a {
			return -1
		}
		return 1
	})
	if i == 0 || addr >= u.functions[i-1].end {
		if here.File == "" {
			return nil, err
		}
		return []Call{here}, err
	}
	f := &u.functions[i-1]
	// The innermost comes last in the order of the entries; of two at one
	// depth, which nobody makes, the later one counts.
	d.charge(32 * len(f.inlined))
	var chain []*inlined
	for i := range f.inlined {
		in := &f.inlined[i]
		if addr < in.start || addr >= in.end {
			continue
		}
		for len(chain) > 0 && chain[len(chain)-1].depth >= in.depth {
			chain = chain[:len(chain)-1]
		}
		chain = append(chain, in)
	}
	var calls []Call
	for i := len(chain) - 1; i >= 0; i-- {
		call := here
		call.Inlined = true
		call.Name, call.Linkage = d.name(u, chain[i].die)
		calls = append(calls, call)
		here = Call{Line: int(chain[i].line)}
		if table != nil {
			here.File = table.file(uint64(chain[i].file))
		}
	}
	here.Entry = f.entry
	here.Name, here.Linkage = d.name(u, f.die)
	return append(calls, here), err
}

// readFunctions reads the entries of a unit through, once.
func (d *Data) readFunctions(u *unit) error {
	if u.functions != nil || u.readErr != nil {
		return u.readErr
	}
	r := functionReader{d: d, u: u}
	err := r.run()
	if errors.Is(err, errSteps) {
		return err // another time it may be less
	}
	u.functions, u.readErr = r.list, err
	d.kept += 48*len(r.list) + 32*r.calls
	slices.SortStableFunc(u.functions, func(a, b function) int { return order(a.start, b.start) })
	return err
}

// functionReader collects the functions of a unit.
type functionReader struct {
	d     *Data
	u     *unit
	list  []function
	calls int
}

// level is what the reader knows of an entry that is open.
type level struct {
	first, last int    // the function's pieces in list; first == last: in none
	inlines     uint16 // how many inlined calls are open
}

func (r *functionReader) run() error {
	table, err := r.d.abbreviations(r.u.abbrevOff)
	if err != nil {
		return err
	}
	c := cursor.New(r.d.s.Info[:r.u.end], r.u.entries)
	var stack [maxDepth]level
	depth := 0
	for c.Len() > 0 {
		if err := r.d.step(1); err != nil {
			return err
		}
		off := c.Off()
		code := c.ULEB()
		if code == 0 {
			if depth--; depth <= 0 {
				return nil
			}
			continue
		}
		a := table.get(code)
		if a == nil {
			return ErrMalformed
		}
		now := stack[depth]
		switch a.tag {
		case tagSubprogram:
			now = level{first: len(r.list)}
			err = r.subprogram(&c, a, off)
			now.last = len(r.list)
		case tagInlined:
			if now.first == now.last {
				r.d.skip(r.u, &c, a)
				break
			}
			err = r.inline(&c, a, off, now)
			if now.inlines < maxDepth {
				now.inlines++
			}
		default:
			r.d.skip(r.u, &c, a)
		}
		if err != nil {
			return err
		}
		if c.Bad() {
			return ErrMalformed
		}
		if a.children {
			if depth++; depth == maxDepth {
				return ErrLimit
			}
			stack[depth] = now
		}
		if r.calls+len(r.list) > maxCalls {
			return ErrLimit
		}
	}
	return nil
}

// pcs are the attributes that both kinds of entries have.
type pcs struct{ low, high, ranges value }

func (p *pcs) take(name uint32, v value) {
	switch name {
	case atLowPC:
		p.low = v
	case atHighPC:
		p.high = v
	case atRanges:
		p.ranges = v
	}
}

func (r *functionReader) subprogram(c *cursor.Cursor, a *abbrev, off uint64) error {
	var p pcs
	for i := range a.attrs {
		p.take(a.attrs[i].name, r.d.value(r.u, c, a.attrs[i]))
	}
	if err := r.d.step(len(a.attrs)); err != nil {
		return err
	}
	first := len(r.list)
	err := r.d.ranges(r.u, p.low, p.high, p.ranges, func(start, end uint64) bool {
		r.list = append(r.list, function{start: start, end: end, die: off})
		return len(r.list) < maxCalls
	})
	// A list of ranges begins with the piece that is called.
	for i := first; i < len(r.list); i++ {
		r.list[i].entry = r.list[first].start
	}
	return err
}

func (r *functionReader) inline(c *cursor.Cursor, a *abbrev, off uint64, now level) error {
	var p pcs
	in := inlined{die: off, depth: now.inlines}
	for i := range a.attrs {
		v := r.d.value(r.u, c, a.attrs[i])
		switch a.attrs[i].name {
		case atCallFile:
			in.file = uint32(v.n)
		case atCallLine:
			in.line = uint32(min(v.n, 1<<31-1))
		default:
			p.take(a.attrs[i].name, v)
		}
	}
	if err := r.d.step(len(a.attrs)); err != nil {
		return err
	}
	return r.d.ranges(r.u, p.low, p.high, p.ranges, func(start, end uint64) bool {
		in.start, in.end = start, end
		for i := now.first; i < now.last; i++ {
			// Few functions have more than two pieces, and a call is in one.
			if f := &r.list[i]; start >= f.start && start < f.end {
				f.inlined = append(f.inlined, in)
				r.calls++
				break
			}
			*r.d.steps--
		}
		return r.calls < maxCalls
	})
}

// names are the names of a function.
type names struct{ name, linkage string }

// name returns the names of the function of an entry.
func (d *Data) name(u *unit, off uint64) (name, linkage string) {
	n, ok := d.names[off]
	if !ok {
		n.name, n.linkage = d.findName(u, off)
		if *d.steps > 0 { // with none left it may not be the whole name
			d.names[off] = n
			d.kept += 64 + len(n.name) + len(n.linkage)
		}
	}
	return n.name, n.linkage
}

// findName finds the names of the function of an entry, which may be that of
// its abstract origin or of its declaration.
func (d *Data) findName(u *unit, off uint64) (name, linkage string) {
	const maxHops = 8
	for range maxHops {
		table, err := d.abbreviations(u.abbrevOff)
		if err != nil {
			return name, linkage
		}
		c := cursor.New(d.s.Info[:u.end], off)
		a := table.get(c.ULEB())
		if a == nil || d.step(len(a.attrs)+1) != nil {
			return name, linkage
		}
		var next value
		for i := range a.attrs {
			v := d.value(u, &c, a.attrs[i])
			switch a.attrs[i].name {
			case atName:
				if name == "" {
					name = v.text()
				}
			case atLinkageName, atMIPSLinkage:
				if linkage == "" {
					linkage = v.text()
				}
			case atAbstractOrigin, atSpecification:
				next = v
			}
		}
		if c.Bad() || linkage != "" {
			return name, linkage
		}
		if next.kind != isReference {
			return d.qualify(u, off, name), ""
		}
		off = next.n
		if off < u.entries || off >= u.end {
			if u = d.containing(off); u == nil {
				return name, linkage
			}
		}
	}
	return name, linkage
}

// Languages that have namespaces (7.12): C++ of all years, and Rust.
var scoped = []uint64{0x04, 0x1a, 0x21, 0x2b, 0x3a, 0x1c}

// qualify puts the names of the namespaces and types that an entry is in
// before its own. An entry does not say where it is, so the unit is read up to
// it.
func (d *Data) qualify(u *unit, off uint64, name string) string {
	if name == "" || !slices.Contains(scoped, u.language) {
		return name
	}
	table, err := d.abbreviations(u.abbrevOff)
	if err != nil {
		return name
	}
	c := cursor.New(d.s.Info[:u.end], u.entries)
	var stack [maxDepth]uint64 // offsets of the entries that are open and have names; 0: none
	depth := 0
	for c.Len() > 0 && c.Off() < off && d.step(1) == nil {
		at := c.Off()
		code := c.ULEB()
		if code == 0 {
			if depth--; depth <= 0 {
				return name
			}
			continue
		}
		a := table.get(code)
		if a == nil {
			return name
		}
		d.skip(u, &c, a)
		if a.children {
			if depth++; depth == maxDepth {
				return name
			}
			stack[depth] = 0
			switch a.tag {
			case tagNamespace, tagModule, tagClass, tagStructure, tagUnion, tagInterface, tagEnum, tagSubprogram:
				stack[depth] = at
			}
		}
	}
	if c.Off() != off {
		return name
	}
	var parts []string
	for _, at := range stack[1 : depth+1] {
		if at == 0 {
			continue
		}
		tag, part := d.ownName(u, table, at)
		switch {
		case part != "":
			parts = append(parts, part)
		case tag == tagNamespace: // spelt as the demangler does
			parts = append(parts, "(anonymous namespace)")
		case tag != tagSubprogram:
			parts = append(parts, "{unnamed}")
		}
	}
	full := strings.Join(append(parts, name), "::")
	if len(full) > maxName {
		return name
	}
	return full
}

// ownName returns the tag and the name attribute of an entry.
func (d *Data) ownName(u *unit, table abbrevs, off uint64) (tag uint32, name string) {
	c := cursor.New(d.s.Info[:u.end], off)
	a := table.get(c.ULEB())
	if a == nil || d.step(len(a.attrs)+1) != nil {
		return 0, ""
	}
	for i := range a.attrs {
		if v := d.value(u, &c, a.attrs[i]); a.attrs[i].name == atName && !c.Bad() {
			return a.tag, v.text()
		}
	}
	return a.tag, ""
}
