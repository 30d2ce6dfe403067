package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"warder/rules"
	"warder/tracer"
)

// placements are where and at what cost an engine enforces a policy.
func placements(p *rules.Policy, e tracer.Engine, target rules.Target) []rules.Placement {
	list := p.Explain(target)
	for i := range list {
		at := &list[i]
		if len(at.Calls) == 0 {
			continue // paths: Landlock's under every engine
		}
		switch e {
		case tracer.Ptrace:
			at.Where, at.Cost = "stop, at entry and exit", "about 20 us"
			if at.Action.Kind == rules.Kill {
				at.Cost = "the program ends"
			}
		case tracer.Strict:
			at.Where, at.Cost = "kernel, seccomp mode 1", "free"
			if at.Action.Kind == rules.Kill {
				at.Cost = "the program ends"
			}
		case tracer.Hybrid, tracer.Seccomp:
		}
	}
	return list
}

// callsWidth is where a list of calls is broken.
const callsWidth = 48

// printPlacements writes the table.
func printPlacements(w io.Writer, list []rules.Placement) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "LINE\tCALLS\tACTION\tWHERE\tCOST") // Flush tells errors
	for _, p := range list {
		line := "-"
		if p.Line > 0 {
			line = fmt.Sprint(p.Line)
		}
		what := wrap(p.Calls, callsWidth)
		action := p.Action.String()
		if len(p.Calls) == 0 {
			what, action = wrap(p.Paths, callsWidth), "open"
		}
		if p.Setting != "" {
			what, action = []string{p.Setting}, "-"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", line, what[0], action, p.Where, p.Cost)
		for _, more := range what[1:] {
			_, _ = fmt.Fprintf(t, "\t%s\t\t\t\n", more)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// wrap joins names into lines of at most width bytes; at least one line.
func wrap(names []string, width int) []string {
	lines := []string{""}
	for i, name := range names {
		last := &lines[len(lines)-1]
		if i < len(names)-1 {
			name += ","
		}
		switch {
		case *last == "":
			*last = name
		case len(*last)+1+len(name) > width:
			lines = append(lines, name)
		default:
			*last += " " + name
		}
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}
