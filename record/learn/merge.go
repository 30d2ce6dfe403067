package learn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"warder/abi"
	"warder/rules"
)

// Policy gives the policy as a text that rules.Parse takes, in an order that
// depends on nothing but what was seen.
//
// If old is not nil it is the text of a policy that is merged into, source its
// name in errors. Counts are added, values and paths united. What a person
// wrote, that is all without the comment that says how often it was seen, is
// kept as it is, with its comments, before what was learned; rules among it
// that decide a call always keep it from being learned. Lists of one line
// ([a, b]) are written again, one item a line.
func (l *Learner) Policy(source string, old []byte) ([]byte, error) {
	d := newDocument()
	if old != nil {
		var err error
		if d, err = readDocument(source, old); err != nil {
			return nil, err
		}
		l.load(d)
	}
	text := []byte(l.write(d))
	const longest = 1 << 20 // of rules.Parse
	if len(text) > longest {
		return nil, fmt.Errorf("the policy would have %d bytes, and one has at most %d: put directories in the place of files (--generalise)", len(text), longest)
	}
	if _, err := rules.Parse("the learned policy", text, rules.ParseOptions{}); err != nil {
		return nil, fmt.Errorf("what was seen cannot be said in a policy: %w", err)
	}
	return text, nil
}

// load adds what a document was learned from, and leaves in it what a person
// wrote.
func (l *Learner) load(d *document) {
	d.head = slices.DeleteFunc(d.head, func(line string) bool {
		if m := runsLine().FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			l.runs += n
			if m[2] != "" {
				l.first = m[2]
			}
			return true
		}
		return line == headRest
	})
	for _, s := range d.sections {
		switch s.key {
		case "read", "exec", "write", "create":
			l.loadPaths(d, s, slices.Index(listNames[:], s.key))
		case "syscalls":
			l.loadRules(d, s)
		case "connect":
			l.loadPorts(d, s, &d.policy.Connect, l.connect)
		case "bind":
			l.loadPorts(d, s, &d.policy.Bind, l.bind)
		case "scope":
			if n := len(s.lead); n > 0 && s.lead[n-1] == "# "+scopeComment {
				s.lead = s.lead[:n-1]
				l.signalsAny = l.signalsAny || d.policy.Signals.Reach == rules.ReachAny
				l.abstractAny = l.abstractAny || d.policy.AbstractSockets.Reach == rules.ReachAny
			} else {
				d.kept["scope"] = true
			}
		}
	}
	for _, r := range d.hand {
		if r.Action.Refuses() && len(r.When) == 0 && len(r.Probe) == 0 {
			for _, call := range r.Calls {
				if s := l.calls[call]; s != nil && s.count > 0 {
					l.note("%s: your rule in line %d refuses it", call, r.Line)
				}
			}
		}
	}
}

// loadRules adds the rules that were learned.
func (l *Learner) loadRules(d *document, s *section) {
	byLine := map[int][]*rules.Rule{}
	for i := range d.policy.Rules {
		if r := &d.policy.Rules[i]; r.Source == "" && r.Line > 0 {
			byLine[r.Line] = append(byLine[r.Line], r)
		}
	}
	items, ok := s.list()
	if !ok {
		for i := range d.policy.Rules {
			if r := &d.policy.Rules[i]; r.Source == "" && r.Line > 0 {
				d.hand = append(d.hand, r)
				s.items = append(s.items, ruleLines(r)...)
			}
		}
		return
	}
	for _, it := range items {
		list := byLine[it.line]
		switch {
		case it.says(basicsComment) && len(list) == 1:
			s.items = append(s.items, it.comments[:len(it.comments)-1]...)
			continue
		case it.says(chanceComment) && len(list) == 1:
			l.threaded = true
			s.items = append(s.items, it.comments[:len(it.comments)-1]...)
			continue
		case len(list) == 1 && l.loadRule(&it, list[0]):
			if call := list[0].Calls[0]; len(it.comments) > 1 {
				c := l.seen(call)
				c.hand = append(c.hand, it.comments[:len(it.comments)-1]...)
			}
			continue
		}
		s.items = append(append(s.items, it.comments...), it.lines...)
		d.hand = append(d.hand, list...)
	}
}

// loadRule adds a rule, if it is a learned one.
func (l *Learner) loadRule(it *item, r *rules.Rule) bool {
	n, rest, errs, ok := it.count()
	if !ok || len(r.Calls) != 1 || r.Stage != rules.AnyStage || len(r.Probe) > 0 || r.Why != "" {
		return false
	}
	sig, _ := l.arch.Lookup(r.Calls[0])
	if r.Action.Kind == rules.Errno && len(r.When) == 0 {
		l.seen(r.Calls[0]).answered[abi.ErrnoName(r.Action.Errno)] += n
		return true
	}
	if r.Action.Kind != rules.Allow {
		return false
	}
	for i, c := range r.When {
		if c.Op != rules.Eq && c.Op != rules.In || c.Index >= len(sig.Args) || c.Arg != sig.Args[c.Index].Name || !learnable(sig.Args[c.Index].Kind) ||
			slices.ContainsFunc(r.When[:i], func(o rules.Cond) bool { return o.Index == c.Index }) {
			return false
		}
	}
	s := l.seen(r.Calls[0])
	s.count += n
	for e := range strings.SplitSeq(errs, ", ") {
		var times uint64
		var name string
		if k, _ := fmt.Sscanf(e, "%d %s", &times, &name); k == 2 {
			s.failed[name] += times
		}
	}
	for i := range sig.Args {
		if !learnable(sig.Args[i].Kind) {
			continue
		}
		at := slices.IndexFunc(r.When, func(c rules.Cond) bool { return c.Index == i })
		if at < 0 {
			s.args[i].add(rules.Value{}, false)
			continue
		}
		for _, v := range r.When[at].Values {
			s.args[i].add(v, true)
			s.args[i].text(valueText(sig.Args[i], v))
		}
	}
	for part := range strings.SplitSeq(rest, "; ") {
		name, texts, _ := strings.Cut(part, " ")
		i, ok := sig.Arg(name)
		if !ok {
			continue
		}
		var more bool
		texts, more = strings.CutSuffix(texts, " and more")
		s.args[i].more = s.args[i].more || more
		for text := range strings.SplitSeq(texts, ", ") {
			s.args[i].text(text)
		}
	}
	return true
}

// valueText is a value as a trace has it.
func valueText(a abi.Arg, v rules.Value) string {
	switch {
	case v.Self:
		return "self"
	case a.Kind == abi.DirFD && int32(v.N) == atFDCWD:
		return "AT_FDCWD"
	case a.Flags != 0:
		return a.Flags.Format(v.N)
	}
	return strconv.FormatInt(int64(int32(v.N)), 10)
}

// loadPaths adds the paths that were learned.
func (l *Learner) loadPaths(d *document, s *section, list int) {
	paths := [lists][]rules.Path{d.policy.Read, d.policy.Exec, d.policy.Write, d.policy.Create}[list]
	items, ok := s.list()
	if !ok {
		for _, p := range paths {
			if p.Source == "" && p.Line > 0 {
				d.paths[s.key][p.Name] = true
				_, text, _ := strings.Cut(rules.Format(&rules.Policy{Read: []rules.Path{p}}), "read:\n")
				s.items = append(s.items, strings.TrimSuffix(text, "\n"))
			}
		}
		return
	}
	at := map[int]*rules.Path{}
	for i := range paths {
		if paths[i].Source == "" {
			at[paths[i].Line] = &paths[i]
		}
	}
	for _, it := range items {
		p := at[it.line]
		n, rest, _, counted := it.count()
		if !counted {
			rest, counted = it.interpreter()
		}
		if p == nil || !counted || p.Stage != rules.AnyStage {
			s.items = append(append(s.items, it.comments...), it.lines...)
			if p != nil {
				d.paths[s.key][p.Name] = true
			}
			continue
		}
		l.loadPath(&it, p, list, n, rest)
	}
}

// loadPath adds a path that was learned.
func (l *Learner) loadPath(it *item, p *rules.Path, list int, n uint64, rest string) {
	f := l.files[p.Name]
	if f == nil {
		f = &file{}
		l.files[p.Name] = f
	}
	parts := strings.Split(rest, ": ")
	u := f.looked
	if looked := list == readList && slices.Contains(parts, lookedComment); !looked {
		u = f.in(list)
	} else if u == nil {
		u = &use{}
		f.looked = u
	}
	u.count += n
	u.optional = u.optional || p.Optional
	u.hand = append(u.hand, it.comments[:len(it.comments)-1]...)
	for _, part := range parts {
		var files int
		if k, _ := fmt.Sscanf(part, "%d files", &files); k == 1 {
			u.files += files
		} else if part != "" {
			u.why = part
		}
	}
}

// loadPorts adds ports that were learned. Of a person's own list it is told
// what is missing.
func (l *Learner) loadPorts(d *document, s *section, p *rules.Ports, seen map[uint16]uint64) {
	it := item{comments: s.lead}
	n, _, _, counted := it.count()
	if !counted || p.Any || len(p.List) == 0 {
		d.kept[s.key] = true
		for port := range seen {
			if !p.Any && !slices.ContainsFunc(p.List, func(r rules.PortRange) bool { return r.First <= port && port <= r.Last }) {
				l.note("%s: your list has no port %d", s.key, port)
			}
		}
		return
	}
	s.lead = s.lead[:len(s.lead)-1]
	for i, r := range p.List {
		for port := int(r.First); port <= int(r.Last); port++ {
			seen[uint16(port)] += 0
		}
		if i == 0 {
			seen[r.First] += n
		}
	}
}
