package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// programTables are the program, its start-up, and the growths.
func (r *Report) programTables() []Table {
	var tables []Table
	for _, g := range r.Groups() {
		switch g {
		case GroupProgram:
			tables = append(tables, r.engineTable(g, "The program", []Metric{ProgramCPU, SuperCPU, Stops, Peak}))
		case GroupStart:
			tables = append(tables, r.engineTable(g, "Start-up alone: an empty static program", []Metric{ProgramCPU, SuperCPU, Stops, Peak}))
		case GroupThreads:
			tables = append(tables, r.growthTable(g, "Growth with threads: wall time per call, ns; hybrid and ptrace stop at each", "THREADS"))
		case GroupProcesses:
			tables = append(tables, r.growthTable(g, "Growth with processes: wall time per call, ns; hybrid and ptrace stop at each", "PROCESSES"))
		case GroupSessions:
			tables = append(tables, r.growthTable(g, "Concurrent sessions of the empty program: programs a second", "AT ONCE"))
		}
	}
	return tables
}

// names lists what was measured in a group, in its order.
func (r *Report) names(g Group) []string {
	var list []string
	for _, f := range r.In(g) {
		if !slices.Contains(list, f.Name) {
			list = append(list, f.Name)
		}
	}
	return list
}

// engineTable has a row for each way to run the program.
func (r *Report) engineTable(g Group, title string, metrics []Metric) Table {
	t := Table{Title: title, Head: []string{"ENGINE", "WALL ms", "INTERVAL", "x BARE", "INTERVAL", "CPU ms"}}
	for _, m := range metrics {
		head := map[Metric]string{ProgramCPU: "PROGRAM ms", SuperCPU: "SUPERVISOR ms", Stops: "STOPS", Peak: "PEAK MiB"}[m]
		t.Head = append(t.Head, head)
	}
	t.Head = append(t.Head, "")
	for _, name := range r.names(g) {
		wall := r.Figure(g, name, Wall, 0)
		if wall == nil || wall.Stat == nil {
			missing := "not measured"
			if wall != nil {
				missing = wall.Missing
			}
			row := []string{name, "-", "", "-", "", ""}
			for range metrics {
				row = append(row, "")
			}
			t.Rows = append(t.Rows, append(row, missing))
			continue
		}
		row := []string{name, short(wall.Stat.Median), wall.Stat.interval(), optional(wall.Ratio), wall.Ratio.interval(), r.cell(g, name, CPU)}
		for _, m := range metrics {
			row = append(row, r.cell(g, name, m))
		}
		text := wall.Text
		if wall.Verdict != Clear {
			text = wall.Verdict
		}
		t.Rows = append(t.Rows, append(row, text))
	}
	return t
}

func (r *Report) cell(g Group, name string, m Metric) string {
	f := r.Figure(g, name, m, 0)
	if f == nil || f.Stat == nil {
		return ""
	}
	return short(f.Stat.Median)
}

// positions are the numbers of tasks or sessions of a group.
func (r *Report) positions(g Group) []int {
	var list []int
	for _, f := range r.In(g) {
		if !slices.Contains(list, f.At) {
			list = append(list, f.At)
		}
	}
	slices.Sort(list)
	return list
}

// at is the figure of a growth.
func (r *Report) at(g Group, name string, at int) *Figure {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Group == g && f.Name == name && f.At == at {
			return f
		}
	}
	return nil
}

// growthTable has a row for each number and columns for each way.
func (r *Report) growthTable(g Group, title, first string) Table {
	t := Table{Title: title, Head: []string{first}}
	names := r.names(g)
	for i, name := range names {
		t.Head = append(t.Head, name, "INTERVAL")
		if i > 0 {
			t.Head = append(t.Head, "x "+names[0])
		}
	}
	t.Head = append(t.Head, "")
	told := make(map[string]bool)
	for _, at := range r.positions(g) {
		row, doubt := []string{strconv.Itoa(at)}, ""
		for i, name := range names {
			f := r.at(g, name, at)
			switch {
			case f == nil || f.Stat == nil:
				row = append(row, "-", "")
				if f != nil && !told[f.Missing] {
					told[f.Missing] = true
					t.Notes = append(t.Notes, fmt.Sprintf("%s, %d: %s", name, at, f.Missing))
				}
			default:
				row = append(row, short(f.Stat.Median), f.Stat.interval())
				if f.Verdict != Clear {
					doubt = f.Verdict
				}
			}
			if i > 0 {
				ratio := "-"
				if f != nil && f.Ratio != nil {
					ratio = short(f.Ratio.Median)
				}
				row = append(row, ratio)
			}
		}
		t.Rows = append(t.Rows, append(row, doubt))
	}
	return t
}

// programCharts are the program and its start-up as bars, growths as curves.
func (r *Report) programCharts() []chart {
	var list []chart
	for _, g := range r.Groups() {
		switch g {
		case GroupProgram, GroupStart:
			c := chart{title: "The program: wall time, ms (log scale)", unit: "ms"}
			if g == GroupStart {
				c.title = "Start-up alone: wall time, ms (log scale)"
			}
			for _, name := range r.names(g) {
				f := r.Figure(g, name, Wall, 0)
				if f == nil || f.Stat == nil {
					continue
				}
				b := bar{label: name, text: short(f.Stat.Median), group: Group(name), stat: f.Stat}
				if f.Ratio != nil && f.Name != f.Base {
					b.text += " (x " + short(f.Ratio.Median) + ")"
				}
				c.bars = append(c.bars, b)
			}
			if len(c.bars) > 0 {
				list = append(list, c)
			}
		default:
			if c := r.growthChart(g); len(c.curves) > 0 {
				list = append(list, c)
			}
		}
	}
	return list
}

func (r *Report) growthChart(g Group) chart {
	c := chart{title: "Wall time per call, ns (log scale), by number of " + string(g), along: string(g), at: r.positions(g)}
	if g == GroupSessions {
		c.title, c.along = "Empty programs a second (log scale), by number of sessions at once", "at once"
	}
	for _, name := range r.names(g) {
		one := curve{label: name}
		known := false
		for _, at := range c.at {
			v := math.NaN()
			if f := r.at(g, name, at); f != nil && f.Stat != nil {
				v, known = f.Stat.Median, true
			}
			one.values = append(one.values, v)
		}
		if known {
			c.curves = append(c.curves, one)
		}
	}
	return c
}
