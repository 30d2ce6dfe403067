package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Setting is one thing that two policies, A and B, say differently and that is
// no call.
type Setting struct {
	Key   string // "path", "connect", "bind", "signals", "abstract-sockets", "time" or "tsc"
	Name  string // a path, or ports as policies spell them; else ""
	Stage Stage  // of a path; AnyStage for both
	A, B  string // in words
	// Beyond is -1 where A lets more happen, 1 where B does, and 0 where
	// neither does, or each something of its own.
	Beyond int
	// Except are paths below Name for which this does not hold: equal, or
	// listed themselves.
	Except []string
}

// DiffSettings compares what is no call: paths, ports, scopes and time. Paths
// are compared by their names: two names may lead to one file, and whether a
// file is there is not looked at. Names and reasons do not count.
func DiffSettings(a, b *Policy) []Setting {
	var out []Setting
	switch {
	case a.AnyPath != b.AnyPath:
		words := map[bool]string{true: "unrestricted", false: "as listed"}
		out = append(out, Setting{Key: "paths", A: words[a.AnyPath], B: words[b.AnyPath], Beyond: more(a.AnyPath, b.AnyPath)})
	case !a.AnyPath:
		loader, main := diffPaths(a, b, Loader), diffPaths(a, b, Main)
		for _, s := range loader {
			same := s
			same.Stage = Main
			i := slices.IndexFunc(main, func(m Setting) bool { return m.equal(&same) })
			if i >= 0 {
				main = slices.Delete(main, i, i+1)
				s.Stage = AnyStage
			}
			out = append(out, s)
		}
		out = append(out, main...)
		slices.SortStableFunc(out, func(x, y Setting) int { return strings.Compare(x.Name, y.Name) })
		out = append(out, diffNeeds(a, b, out)...)
	}
	out = append(out, diffPorts("connect", &a.Connect, &b.Connect)...)
	out = append(out, diffPorts("bind", &a.Bind, &b.Bind)...)
	for i := range scopes {
		x, y := scopes[i].of(a).Reach, scopes[i].of(b).Reach
		if x != y {
			words := [...]string{ReachDefault: "the session, where the kernel can", ReachSession: "the session", ReachAny: "any"}
			out = append(out, Setting{Key: scopes[i].name, A: words[x], B: words[y], Beyond: more(x == ReachAny, y == ReachAny)})
		}
	}
	if x, y := a.Time.Visible, b.Time.Visible; x != y {
		words := map[bool]string{true: "visible", false: "as always"}
		out = append(out, Setting{Key: "time", A: words[x], B: words[y]})
	}
	if x, y := a.Time.TSC, b.Time.TSC; x != y {
		out = append(out, Setting{Key: "tsc", A: x.String(), B: y.String(), Beyond: more(x == NativeTSC, y == NativeTSC)})
	}
	return out
}

func (s *Setting) equal(o *Setting) bool {
	return s.Key == o.Key && s.Name == o.Name && s.Stage == o.Stage && s.A == o.A && s.B == o.B && slices.Equal(s.Except, o.Except)
}

// more is Beyond of a permission.
func more(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

// AccessTo is what p grants in a stage at a path, and below it unless more is
// granted there. The path is compared as a name. With Policy.AnyPath nothing
// is granted, as nothing is refused.
func (p *Policy) AccessTo(path string, stage Stage) Access {
	var all Access
	for _, g := range p.Grants(stage) {
		if within(path, g.Name) {
			all |= g.Access
		}
	}
	return all
}

// String lists what may be done: "read, write".
func (a Access) String() string {
	var words []string
	for _, w := range [...]struct {
		access Access
		word   string
	}{{MayRead, "read"}, {MayExecute, "execute"}, {MayWrite, "write"}, {MayCreate, "create"}} {
		if a&w.access != 0 {
			words = append(words, w.word)
		}
	}
	if words == nil {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// diffPaths compares what is granted at every path that either policy names,
// and tells each difference once, at the top of where it holds.
func diffPaths(a, b *Policy, stage Stage) []Setting {
	type place struct {
		a, b Access // there and above
		in   int    // the index of the difference that it is part of, or an exception to; -1 for none
	}
	at := make(map[string]*place)
	var names []string
	for i, p := range [...]*Policy{a, b} {
		for _, g := range p.Grants(stage) {
			if at[g.Name] == nil {
				at[g.Name] = &place{in: -1}
				names = append(names, g.Name)
			}
			if i == 0 {
				at[g.Name].a |= g.Access
			} else {
				at[g.Name].b |= g.Access
			}
		}
	}
	slices.Sort(names) // a tree comes before what is in it
	var out []Setting
	for _, name := range names {
		here, above := at[name], &place{in: -1}
		for parent := name; parent != "/"; {
			parent = parent[:max(strings.LastIndexByte(parent, '/'), 1)]
			if x := at[parent]; x != nil {
				above = x
				break
			}
		}
		here.a, here.b, here.in = here.a|above.a, here.b|above.b, above.in
		if here.a == above.a && here.b == above.b {
			continue
		}
		if above.in >= 0 && (above.a != above.b) {
			out[above.in].Except = append(out[above.in].Except, name)
		}
		if here.a != here.b {
			here.in = len(out)
			out = append(out, Setting{
				Key: "path", Name: name, Stage: stage, A: here.a.String(), B: here.b.String(),
				Beyond: more(here.a&^here.b != 0, here.b&^here.a != 0),
			})
		}
	}
	return out
}

// diffNeeds compares which of the paths that both name must be there: without
// one no program starts.
func diffNeeds(a, b *Policy, told []Setting) []Setting {
	need := func(p *Policy) map[string]bool {
		out := make(map[string]bool)
		for _, g := range p.Grants(Loader) {
			out[g.Name] = out[g.Name] || !g.Optional
		}
		return out
	}
	x, y := need(a), need(b)
	for i := range told {
		delete(x, told[i].Name)
	}
	var out []Setting
	words := map[bool]string{true: "must be there", false: "may be absent"}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if other, ok := y[name]; ok && other != x[name] {
			out = append(out, Setting{Key: "path", Name: name, A: words[x[name]], B: words[other]})
		}
	}
	return out
}

// diffPorts compares sets of ports.
func diffPorts(key string, a, b *Ports) []Setting {
	only := func(p, q *Ports) []PortRange {
		if q.Any {
			return nil
		}
		left := slices.Clone(p.List)
		if p.Any {
			left = []PortRange{{0, 65535}}
		}
		for _, r := range q.List {
			var rest []PortRange
			for _, l := range left {
				if r.Last < l.First || l.Last < r.First {
					rest = append(rest, l)
					continue
				}
				if l.First < r.First {
					rest = append(rest, PortRange{l.First, r.First - 1})
				}
				if r.Last < l.Last {
					rest = append(rest, PortRange{r.Last + 1, l.Last})
				}
			}
			left = rest
		}
		slices.SortFunc(left, func(x, y PortRange) int { return cmp.Compare(x.First, y.First) })
		return left
	}
	var out []Setting
	for _, s := range [...]struct {
		ports  []PortRange
		a, b   string
		beyond int
	}{{only(a, b), "yes", "no", -1}, {only(b, a), "no", "yes", 1}} {
		if len(s.ports) > 0 {
			ports := Ports{List: s.ports}
			out = append(out, Setting{Key: key, Name: ports.String(), A: s.a, B: s.b, Beyond: s.beyond})
		}
	}
	return out
}
