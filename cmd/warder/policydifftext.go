package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// print writes the differences for people: first what each allows beyond the
// other.
func (d *policyDiff) print(w io.Writer) error {
	var b strings.Builder
	if d.Equal {
		fmt.Fprintf(&b, "equal for %s\n", strings.Join(d.Archs, " and "))
	} else {
		fmt.Fprintf(&b, "A is %s, B is %s\n", d.A, d.B)
	}
	for _, part := range [...]struct{ beyond, title string }{
		{"b", "B allows beyond A"}, {"a", "A allows beyond B"}, {"", "Otherwise different"},
	} {
		lines := d.lines(part.beyond)
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n%s:\n", part.title)
		}
		for _, line := range lines {
			b.WriteString("  " + line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lines are those of the differences that go one way.
func (d *policyDiff) lines(beyond string) []string {
	var out []string
	told := make([]bool, len(d.Calls))
	for i := range d.Calls {
		c := &d.Calls[i]
		if c.Beyond != beyond || told[i] {
			continue
		}
		// Calls that differ alike and always are one entry.
		names := []string{c.Call}
		for j := i + 1; j < len(d.Calls) && c.always(); j++ {
			o := &d.Calls[j]
			if !told[j] && o.always() && o.Beyond == beyond && o.A == c.A && o.B == c.B && o.Stage == c.Stage &&
				o.everywhere == c.everywhere && (c.everywhere || slices.Equal(o.Archs, c.Archs)) {
				told[j] = true
				names = append(names, o.Call)
			}
		}
		out = append(out, c.lines(names)...)
	}
	for i := range d.Settings {
		if s := &d.Settings[i]; s.Beyond == beyond {
			out = append(out, s.line())
		}
	}
	return out
}

func (c *callDiff) always() bool { return len(c.Where) == 0 && !c.Partial }

// lines print the differences of calls that differ alike.
func (c *callDiff) lines(names []string) []string {
	wrapped := wrap(names, 90)
	out := wrapped[:len(wrapped)-1]
	head := wrapped[len(wrapped)-1]
	var only []string
	if c.Stage != "" {
		only = append(only, "stage "+c.Stage)
	}
	if !c.everywhere {
		only = append(only, strings.Join(c.Archs, ", "))
	}
	if only != nil {
		head += " (" + strings.Join(only, ", ") + ")"
	}
	out = append(out, fmt.Sprintf("%s: A %s, B %s", head, c.A.Action, c.B.Action))
	if c.Partial {
		out = append(out, "    for some arguments, in too many ways to list")
	}
	word := "where"
	for _, text := range c.Where {
		out = append(out, "    "+word+" "+text)
		word = "or where"
	}
	example := ""
	if len(names) == 1 {
		example = "for example " + c.Example.Text + "; "
		if where := strings.Join(c.Where, " "); strings.Contains(where, "process id") || strings.Contains(where, "self") {
			example = fmt.Sprintf("for example %s, in process %d; ", c.Example.Text, c.Example.Self)
		}
	}
	return append(out, fmt.Sprintf("    %sA by %s, B by %s", example, c.A.Rule, c.B.Rule))
}

func (s *settingDiff) line() string {
	line := s.Key
	if s.Name != "" {
		line += " " + s.Name
	}
	if s.Stage != "" {
		line += " (stage " + s.Stage + ")"
	}
	line += ": A " + s.A + ", B " + s.B
	if len(s.Except) > 0 {
		line += "; not below " + strings.Join(s.Except, ", ")
	}
	return line
}
