package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes the report for people: tables, with what must be known
// before them.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, line := range r.headLines() {
		b.WriteString(line + "\n")
	}
	for _, line := range r.warnings() {
		b.WriteString("warning: " + line + "\n")
	}
	for _, t := range r.Tables() {
		b.WriteString("\n")
		if t.Title != "" {
			b.WriteString(t.Title + "\n")
		}
		tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, strings.Join(t.Head, "\t")) // into memory
		for _, row := range t.Rows {
			_, _ = fmt.Fprintln(tw, strings.Join(row, "\t"))
		}
		_ = tw.Flush()
		for _, note := range t.Notes {
			b.WriteString(note + "\n")
		}
	}
	_, err := io.WriteString(w, trimLines(b.String()))
	return err
}

// trimLines takes the blanks off the ends of lines.
func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \t\n"))
		b.WriteByte('\n')
	}
	return b.String()
}

// headLines say what was measured where.
func (r *Report) headLines() []string {
	m := &r.Machine
	where := m.Processor
	if where == "" {
		where = "unknown processor"
	}
	if m.Virtual {
		where += " (virtual machine)"
	}
	cores := fmt.Sprintf("%d cores", m.Cores)
	if m.Cores == 1 {
		cores = "one core"
	}
	lines := []string{fmt.Sprintf("%s, %s, Linux %s", where, cores, m.Kernel)}
	if len(r.Command) > 0 {
		lines = append(lines, "program: "+strings.Join(r.Command, " "))
	}
	return append(lines, fmt.Sprintf("%d rounds in %s s; medians, with an interval that holds the median with %.0f%% confidence; load before %s, others meanwhile %s",
		r.Rounds, short(r.Seconds), 100*confidence, short(m.Load), percent(m.Others)))
}

// Table is part of a report, as text.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

// Tables gives the report's figures as tables.
func (r *Report) Tables() []Table {
	if r.Kind == KindProgram {
		return r.programTables()
	}
	return []Table{r.mechanismTable()}
}

// mechanismTable has a row for each mechanism. Rows of a floor are columns.
func (r *Report) mechanismTable() Table {
	t := Table{Head: []string{"MECHANISM", "ns/CALL", "INTERVAL", "x NATIVE", "INTERVAL"}}
	floor := false
	for i := range r.Figures {
		floor = floor || r.Figures[i].Over != nil
	}
	if floor {
		t.Head = append(t.Head, "x FLOOR", "INTERVAL")
	}
	doubts := false
	for i := range r.Figures {
		doubts = doubts || r.Figures[i].Verdict != Clear
	}
	if doubts {
		t.Head = append(t.Head, "VERDICT")
	}
	t.Head = append(t.Head, "AT EACH CALL")
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Group == GroupFloor {
			continue
		}
		row, text := []string{f.Name, "-", "", "", ""}, f.Missing
		if f.Stat != nil {
			row, text = []string{f.Name, short(f.Stat.Median), f.Stat.interval(), optional(f.Ratio), f.Ratio.interval()}, f.Text
		}
		if floor {
			row = append(row, optional(f.Over), f.Over.interval())
		}
		if doubts {
			row = append(row, f.Verdict)
		}
		t.Rows = append(t.Rows, append(row, text))
	}
	return t
}

// optional is a median, or nothing.
func optional(s *Stat) string {
	if s == nil {
		return ""
	}
	return short(s.Median)
}

// interval is the interval of a figure.
func (s *Stat) interval() string {
	if s == nil {
		return ""
	}
	return "[" + short(s.Low) + " " + short(s.High) + "]"
}

// short writes a number with three digits, or all of those before the point.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.01:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func percent(part float64) string { return fmt.Sprintf("%.3g%%", 100*part) }

// WriteJSON writes the report as it is, every round's value included.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// ReadJSON reads what WriteJSON wrote.
func ReadJSON(from io.Reader) (*Report, error) {
	var r Report
	d := json.NewDecoder(from)
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("report of schema %d: want %d", r.Schema, Schema)
	}
	return &r, nil
}

// WriteCSV writes a line for each figure, with a header.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	head := []string{
		"group", "name", "at", "metric", "unit", "rounds", "median", "q1", "q3", "low", "high",
		"base", "ratio", "ratio_low", "ratio_high", "floor", "over_floor", "over_floor_low", "over_floor_high", "verdict", "missing",
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for i := range r.Figures {
		f := &r.Figures[i]
		rounds := 0
		if f.Stat != nil {
			rounds = f.Stat.Rounds
		}
		line := []string{string(f.Group), f.Name, strconv.Itoa(f.At), f.Metric.Name, f.Metric.Unit, strconv.Itoa(rounds)}
		line = append(line, f.Stat.fields(true)...)
		line = append(line, f.Base)
		line = append(line, f.Ratio.fields(false)...)
		line = append(line, f.Floor)
		line = append(line, f.Over.fields(false)...)
		if err := c.Write(append(line, f.Verdict, f.Missing)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// fields are the numbers of a line; empty where there are none.
func (s *Stat) fields(quartiles bool) []string {
	list := make([]string, 0, 5)
	n := 3
	if quartiles {
		n = 5
	}
	if s == nil {
		return list[:n]
	}
	values := []float64{s.Median, s.Low, s.High}
	if quartiles {
		values = []float64{s.Median, s.Q1, s.Q3, s.Low, s.High}
	}
	for _, v := range values {
		list = append(list, strconv.FormatFloat(v, 'g', 6, 64))
	}
	return list
}

// WriteGo writes Go's benchmark format (golang.org/design/14313-benchmark-format):
// a line for each round, so that benchstat can tell two runs apart.
func (r *Report) WriteGo(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: linux\ngoarch: %s\npkg: warder/bench\n", r.Machine.Arch)
	if r.Machine.Processor != "" {
		fmt.Fprintf(&b, "cpu: %s\n", r.Machine.Processor)
	}
	fmt.Fprintf(&b, "kernel: %s\n", r.Machine.Kernel)
	for i := range r.Figures {
		f := &r.Figures[i]
		unit := f.Metric.goUnit()
		for _, v := range f.Values {
			fmt.Fprintf(&b, "Benchmark%s 1 %s %s\n", f.goName(r.Kind), strconv.FormatFloat(f.Metric.goValue(v), 'g', 8, 64), unit)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// goName is a benchmark's name: letters, digits and what benchstat takes
// apart. A number of threads or sessions is a key of its own.
func (f *Figure) goName(kind string) string {
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r <= ' ' || r == '/' || r == '=' || r == 0x7f {
				return '_'
			}
			return r
		}, s)
	}
	name := "Call"
	if kind == KindProgram {
		name = "Program/" + clean(string(f.Group))
	}
	name += "/" + clean(f.Name)
	if f.At > 0 {
		name += fmt.Sprintf("/at=%d", f.At)
	}
	return name
}

// goUnit and goValue give the unit that benchstat knows for times.
func (m Metric) goUnit() string {
	switch {
	case m.Name == m.Unit:
		return m.Unit
	case m == PerCall || m == Wall:
		return "ns/op"
	case m.Unit == "ms":
		return strings.ReplaceAll(m.Name, " ", "-") + "-ns/op"
	}
	return strings.ReplaceAll(m.Name, " ", "-") + "-" + m.Unit
}

func (m Metric) goValue(v float64) float64 {
	if m.Unit == "ms" {
		return v * 1e6
	}
	return v
}
