package rules

import (
	"strconv"
	"strings"

	"warder/abi"
)

// Format gives p as a YAML document that Parse reads back to an equal policy,
// but for lines, source and notes. Arguments are named and valued as the
// native architecture has them. p must pass Check.
func Format(p *Policy) string {
	w := writer{arch: abi.Native()}
	if p.Name != "" {
		w.entry(0, "name", quote(p.Name))
	}
	w.entry(0, "default", formatAction(p.Default))
	if p.LastKnown != 0 {
		// The number: the name would be another call's elsewhere.
		w.entry(0, "newest", strconv.FormatUint(uint64(p.LastKnown), 10))
	}
	w.grants(p)
	w.network(p)
	w.time(&p.Time)
	written := p.written()
	if len(written) > 0 {
		w.entry(0, "syscalls", "")
	}
	for i := range written {
		w.rule(&written[i])
	}
	return w.b.String()
}

// pageWidth is where long lists of calls are broken.
const pageWidth = 100

type writer struct {
	b    strings.Builder
	arch abi.Arch
}

// entry writes a mapping's entry; with an empty value what follows is inside.
func (w *writer) entry(indent int, key, value string) {
	w.b.WriteString(strings.Repeat(" ", indent) + key + ":")
	if value != "" {
		w.b.WriteString(" " + value)
	}
	w.b.WriteByte('\n')
}

func (w *writer) item(indent int, value string) {
	w.b.WriteString(strings.Repeat(" ", indent) + "- " + value + "\n")
}

func (w *writer) rule(r *Rule) {
	if len(r.Calls) == 1 {
		w.entry(2, "- call", r.Calls[0])
	} else {
		w.calls(r.Calls)
	}
	if r.Stage != AnyStage {
		w.entry(4, "stage", r.Stage.String())
	}
	w.when(r)
	if len(r.Probe) > 0 {
		w.entry(4, "probe", "")
		for _, name := range r.Probe {
			w.item(6, quote(name))
		}
	}
	w.entry(4, "action", formatAction(r.Action))
	if r.Why != "" {
		w.entry(4, "why", quote(r.Why))
	}
}

func (w *writer) calls(names []string) {
	const indent = "            "
	line := "  - calls: ["
	for i, name := range names {
		if i > 0 {
			line += ","
			if len(line)+len(name)+2 > pageWidth {
				w.b.WriteString(line + "\n")
				line = indent
			} else {
				line += " "
			}
		}
		line += name
	}
	w.b.WriteString(line + "]\n")
}

// when writes conditions grouped by argument, in the order in which the
// arguments first appear.
func (w *writer) when(r *Rule) {
	if len(r.When) == 0 {
		return
	}
	w.entry(4, "when", "")
	done := make([]bool, len(r.When))
	for i := range r.When {
		if done[i] {
			continue
		}
		arg := r.When[i].Arg
		a, ok := argumentOf(w.arch, r.Calls[0], arg)
		if !ok {
			a = raw(r.When[i].Index)
		}
		// A comparison that is already in the map begins another.
		var maps [][]string
		var used []string
		for j := i; j < len(r.When); j++ {
			if r.When[j].Arg != arg {
				continue
			}
			done[j] = true
			key, text := a.formatCond(&r.When[j])
			if maps == nil || clashes(used, key) {
				maps, used = append(maps, nil), nil
			}
			used = append(used, key)
			maps[len(maps)-1] = append(maps[len(maps)-1], text)
		}
		value := "{" + strings.Join(maps[0], ", ") + "}"
		switch {
		case len(maps) > 1:
			parts := make([]string, len(maps))
			for k := range maps {
				parts[k] = "{" + strings.Join(maps[k], ", ") + "}"
			}
			value = "[" + strings.Join(parts, ", ") + "]"
		case len(maps[0]) == 1 && used[0] == "eq":
			value = strings.TrimPrefix(maps[0][0], "eq: ")
		}
		w.entry(6, arg, value)
	}
}

// clashes reports whether a comparison cannot stand in a map with others:
// mask brings an eq of its own.
func clashes(used []string, key string) bool {
	for _, u := range used {
		if u == key || u == "mask" && key == "eq" || u == "eq" && key == "mask" {
			return true
		}
	}
	return false
}

// formatCond gives a condition's key and its text in a map.
func (a argument) formatCond(c *Cond) (key, text string) {
	if ordered(c.Op) {
		a.Flags, a.Kind = 0, abi.Int // names have no order
	}
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		values[i] = a.format(v)
	}
	switch {
	case c.Op == Masked:
		return "mask", "mask: " + a.format(Value{N: c.Mask}) + ", eq: " + values[0]
	case c.Op == In:
		return "in", "in: [" + strings.Join(values, ", ") + "]"
	}
	for _, o := range opForms {
		if o.op == c.Op && o.unsigned == (a.Signed && !c.Signed && ordered(c.Op)) {
			key = o.name
			break
		}
	}
	return key, key + ": " + values[0]
}

// quote gives text as a YAML scalar: plain where nothing could read it as
// anything else.
func quote(s string) string {
	plain := s != "" && (isLetter(s[0]) || s[0] == '/' && len(s) > 1)
	for i := 0; plain && i < len(s); i++ {
		c := s[i]
		plain = isLetter(c) || c >= '0' && c <= '9' || strings.IndexByte("/._-+?", c) >= 0 ||
			c == ' ' && i < len(s)-1 && s[i+1] != ' '
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	// Names and paths are printable, so these are all that needs an escape.
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
