package bench

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// pageStyle is for light and dark surroundings.
const pageStyle = `<style>
:root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--soft:#59636e;--line:#d1d9e0;--warn:#fff8c5}
@media (prefers-color-scheme:dark){:root{--fg:#f0f6fc;--bg:#0d1117;--soft:#9198a1;--line:#3d444d;--warn:#3b2f00}}
body{font:15px/1.5 ui-sans-serif,system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:1200px;margin:2em auto;padding:0 1em}
p.soft{color:var(--soft)}p.warn{background:var(--warn);padding:.4em .8em}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25em .7em;border-bottom:1px solid var(--line);white-space:nowrap}td:last-child{white-space:normal;min-width:20em}
svg{max-width:100%;height:auto}
</style>
`

// WriteHTML writes the report as one page that asks the network for nothing.
func (r *Report) WriteHTML(w io.Writer) error {
	var b strings.Builder
	title := "What supervision costs a call"
	if r.Kind == KindProgram {
		title = "What supervision costs a program"
	}
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n")
	fmt.Fprintf(&b, "<title>warder bench: %s</title>\n%s</head>\n<body>\n<h1>%s</h1>\n", title, pageStyle, title)
	for _, line := range r.headLines() {
		fmt.Fprintf(&b, "<p class=\"soft\">%s</p>\n", html.EscapeString(line))
	}
	for _, line := range r.warnings() {
		fmt.Fprintf(&b, "<p class=\"warn\">%s</p>\n", html.EscapeString(line))
	}
	b.WriteString("<div class=\"wide\">\n" + r.svg() + "</div>\n")
	for _, t := range r.Tables() {
		t.writeHTML(&b)
	}
	for _, line := range r.surroundings() {
		fmt.Fprintf(&b, "<p class=\"soft\">%s</p>\n", html.EscapeString(line))
	}
	b.WriteString("</body>\n</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) writeHTML(b *strings.Builder) {
	if t.Title != "" {
		fmt.Fprintf(b, "<h2>%s</h2>\n", html.EscapeString(t.Title))
	}
	b.WriteString("<div class=\"wide\"><table>\n")
	row := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for _, cell := range cells {
			fmt.Fprintf(b, "<%s>%s</%s>", tag, html.EscapeString(cell), tag)
		}
		b.WriteString("</tr>\n")
	}
	row("th", t.Head)
	for _, cells := range t.Rows {
		row("td", cells)
	}
	b.WriteString("</table></div>\n")
	for _, note := range t.Notes {
		fmt.Fprintf(b, "<p class=\"soft\">%s</p>\n", html.EscapeString(note))
	}
}

// surroundings are the rest of what is known of the machine.
func (r *Report) surroundings() []string {
	m := &r.Machine
	lines := []string{fmt.Sprintf("Clock source %s; %s; %s.", m.Clock, m.Go, r.Version)}
	switch {
	case r.Kind != KindMechanisms:
	case m.Other < 0:
		lines[0] = fmt.Sprintf("Calls were made on core %d, the only one. ", m.One) + lines[0]
	default:
		lines[0] = fmt.Sprintf("Calls were made on core %d; the other core was %d. ", m.One, m.Other) + lines[0]
	}
	var flaws []string
	for flaw, text := range m.Spectre {
		flaws = append(flaws, flaw+": "+text)
	}
	slices.Sort(flaws)
	if len(flaws) > 0 {
		lines = append(lines, "Against speculation at each entry of the kernel: "+strings.Join(flaws, "; ")+".")
	}
	return lines
}
