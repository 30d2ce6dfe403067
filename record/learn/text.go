package learn

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"warder/rules"
)

// Comments by which a merge knows what was learned, beside "N times".
const (
	headLine      = "# Learned by warder learn"
	basicsComment = "every program needs these"
	chanceComment = "by chance: threads were seen"
	lookedComment = "looked at, not opened"
	loaderComment = "a loader that programs may have"
	runsComment   = "runs " // and a program
	procComment   = "processes' own files, which are not there yet"
	scopeComment  = "processes outside of the session were reached"
	headRest      = "# It allows what was seen and nothing else. Comments say how often; read it before it is used."
)

// times is how often something was seen.
func times(n uint64) string {
	if n == 1 {
		return "1 time"
	}
	return strconv.FormatUint(n, 10) + " times"
}

// comment says what was seen of a call, and what no condition says.
func (s *seen) comment(l *Learner, call string) string {
	text := times(s.count)
	var parts []string
	sig, _ := l.arch.Lookup(call)
	for i := range sig.Args {
		v := &s.args[i]
		if len(v.texts) == 0 {
			continue
		}
		if _, ok := l.condition(sig.Args[i], i, v); !ok {
			parts = append(parts, sig.Args[i].Name+" "+v.list())
		}
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, "; ")
	}
	if len(s.failed) > 0 {
		errs := slices.Sorted(maps.Keys(s.failed))
		for i, e := range errs {
			errs[i] = fmt.Sprintf("%d %s", s.failed[e], e)
		}
		text += " (" + strings.Join(errs, ", ") + ")"
	}
	return text
}

// comment of a path.
func (f *use) comment() string {
	var parts []string
	if f.count > 0 || f.why == "" {
		parts = append(parts, times(f.count))
	}
	if f.files > 0 {
		parts = append(parts, fmt.Sprintf("%d files", f.files))
	}
	if f.why != "" {
		parts = append(parts, f.why)
	}
	return strings.Join(parts, ": ")
}

// pathLine is a path as a list's item.
func (l *Learner) pathLine(name string, f *use) string {
	optional := f.optional || f.why == loaderComment
	if l.opt.Exists != nil {
		optional = !l.opt.Exists(name)
	}
	text := rules.Format(&rules.Policy{Read: []rules.Path{{Name: name, Optional: optional}}})
	_, line, _ := strings.Cut(text, "read:\n")
	return strings.TrimSuffix(line, "\n")
}

// ruleLines are a rule as an item of syscalls.
func ruleLines(r *rules.Rule) []string {
	_, text, _ := strings.Cut(rules.Format(&rules.Policy{Rules: []rules.Rule{*r}}), "syscalls:\n")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// write gives the policy's text, with what a person wrote in old.
func (l *Learner) write(old *document) string {
	var b strings.Builder
	line := func(texts ...string) {
		for _, text := range texts {
			b.WriteString(text + "\n")
		}
	}
	l.head(line)
	line(old.head...)
	if !old.has("name") && !old.has("base") {
		line("name: " + l.name())
	}
	if !old.has("default") && !old.has("base") {
		line("default: kill")
	}
	for _, s := range old.sections {
		if !slices.Contains(listKeys, s.key) && s.key != "connect" && s.key != "bind" && s.key != "scope" {
			line(s.lines...)
		}
	}
	trees := l.trees()
	for list, key := range listNames {
		s := old.section(key)
		names := slices.Sorted(maps.Keys(trees[list]))
		if old.unrestricted {
			names = nil
		}
		names = slices.DeleteFunc(names, func(name string) bool { return old.grants(key, name) })
		if len(names)+len(s.items) == 0 {
			continue
		}
		line(s.lead...)
		line(key + ":")
		line(s.items...)
		for _, name := range names {
			f := trees[list][name]
			line(f.hand...)
			line(s.shifted("  # "+clean(f.comment()), l.pathLine(name, f))...)
		}
		line(s.tail...)
	}
	l.writeNetwork(line, old)
	s := old.section("syscalls")
	line(s.lead...)
	line("syscalls:")
	line(s.items...)
	for _, r := range l.rules(old.settles) {
		line(r.hand...)
		line(s.shifted("  # " + clean(r.comment))...)
		line(s.shifted(ruleLines(&r.Rule)...)...)
	}
	line(s.tail...)
	return b.String()
}

// head says where the policy is from.
func (l *Learner) head(line func(...string)) {
	runs := "1 run"
	if l.runs != 1 {
		runs = fmt.Sprintf("%d runs", l.runs)
	}
	text := headLine + ", " + runs
	if l.first != "" {
		text += ": " + l.first
	}
	line(clean(text), headRest)
}

// clean keeps a comment a line.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 || c == '\ufeff' {
			return '?'
		}
		return c
	}, text)
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

// name is the policy's: the first program's.
func (l *Learner) name() string {
	name := "learned"
	if base := path.Base(l.first); l.first != "" && strings.Trim(base, nameLetters) == "" {
		name += "-" + base
	}
	return name
}

// writeNetwork writes ports and scopes.
func (l *Learner) writeNetwork(line func(...string), old *document) {
	for _, k := range [...]struct {
		key  string
		seen map[uint16]uint64
	}{{"connect", l.connect}, {"bind", l.bind}} {
		s := old.section(k.key)
		line(s.lead...)
		if old.kept[k.key] {
			line(s.lines...)
			continue
		}
		if len(k.seen) == 0 {
			continue
		}
		var total uint64
		for _, n := range k.seen {
			total += n
		}
		p := ports(k.seen)
		line("# "+times(total), k.key+": "+p.String())
	}
	s := old.section("scope")
	line(s.lead...)
	switch {
	case old.kept["scope"]:
		line(s.lines...)
	case l.signalsAny || l.abstractAny:
		p := rules.Policy{}
		if l.signalsAny {
			p.Signals.Reach = rules.ReachAny
		}
		if l.abstractAny {
			p.AbstractSockets.Reach = rules.ReachAny
		}
		line("# " + scopeComment)
		for _, text := range strings.Split(rules.Format(&p), "\n") {
			if strings.HasPrefix(text, "scope:") {
				line(text)
			}
		}
	}
}
