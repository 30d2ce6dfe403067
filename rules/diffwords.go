package rules

import (
	"fmt"
	"strings"

	"warder/abi"
)

// Words gives the region's conditions on the calls of a name in words:
//
//	fd is 1 and flags & O_ACCMODE is O_RDONLY
func (r Region) Words(arch abi.Arch, call string) string {
	parts := make([]string, len(r))
	for i := range r {
		parts[i] = r[i].words(arch, call, len(r) > 1)
	}
	return strings.Join(parts, " and ")
}

// words gives one clause; within others its alternatives need brackets.
func (c *Clause) words(arch abi.Arch, call string, within bool) string {
	any := make([]string, len(c.Any))
	for i, terms := range c.Any {
		all := make([]string, len(terms))
		for j := range terms {
			all[j] = terms[j].words(c.Index, arch, call)
		}
		any[i] = strings.Join(all, " and ")
	}
	text := strings.Join(any, ", or ")
	if within && len(any) > 1 {
		return "(" + text + ")"
	}
	return text
}

func (t *Term) words(index int, arch abi.Arch, call string) string {
	if index == AboutPath {
		return pathWords(t.Paths, t.Not)
	}
	c := &t.Cond
	a, ok := argumentOf(arch, call, c.Arg)
	if !ok || index == AboutSelf {
		a = raw(min(c.Index, 5))
	}
	name := c.Arg
	if index == AboutSelf {
		name = "the process id"
	}
	if ordered(c.Op) {
		a.Flags, a.Kind = 0, abi.Int
		if a.Signed && !c.Signed {
			name += " as unsigned"
		}
	}
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		values[i] = a.format(v)
	}
	is := "is"
	if t.Not {
		is = "is not"
	}
	switch c.Op {
	case Lt, Ge:
		return name + map[bool]string{true: " < ", false: " >= "}[(c.Op == Lt) != t.Not] + values[0]
	case Le, Gt:
		return name + map[bool]string{true: " <= ", false: " > "}[(c.Op == Le) != t.Not] + values[0]
	case Masked:
		return fmt.Sprintf("%s & %s %s %s", name, bracket(a.format(Value{N: c.Mask})), is, values[0])
	case Ne:
		return name + " is not " + values[0]
	case Eq, In:
	}
	if n := len(values); n > 1 {
		last := " or "
		if t.Not {
			is, last = "is none of", " and "
		}
		values = []string{strings.Join(values[:n-1], ", ") + last + values[n-1]}
	}
	return name + " " + is + " " + values[0]
}

func bracket(text string) string {
	if strings.Contains(text, "|") {
		return "(" + text + ")"
	}
	return text
}

// pathWords names the first of many paths: a profile probes dozens.
func pathWords(paths []string, not bool) string {
	const shown = 3
	names := make([]string, 0, shown+1)
	for i, p := range paths {
		if i == shown && len(paths) > shown+1 {
			names = append(names, fmt.Sprintf("%d more that are probed", len(paths)-shown))
			break
		}
		if strings.HasSuffix(p, "/") {
			p = "below " + p
		}
		names = append(names, p)
	}
	is, last := " is ", " or "
	if not {
		is = " is not "
	}
	if n := len(names); n > 1 {
		if not {
			is, last = " is none of ", " and "
		}
		return "the path" + is + strings.Join(names[:n-1], ", ") + last + names[n-1]
	}
	return "the path" + is + names[0]
}
