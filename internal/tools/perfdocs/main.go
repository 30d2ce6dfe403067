// Command perfdocs writes docs/performance.md and its charts from the reports
// that bench/suite has measured:
//
//	perfdocs build/bench docs
//
// Nothing is measured here: a change of words needs no quiet machine.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"warder/bench"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "perfdocs:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("want the directory of the reports and that of the page")
	}
	s, err := read(args[0])
	if err != nil {
		return err
	}
	for name, r := range map[string]*bench.Report{"mechanisms": s.mechanisms, "program": s.programs[s.full]} {
		if err := draw(filepath.Join(args[1], "performance-"+name+".svg"), r); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(args[1], "performance.md"), []byte(s.page()), 0o644)
}

func draw(path string, r *bench.Report) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(r.WriteSVG(f), f.Close())
}

// suite is what was measured.
type suite struct {
	mechanisms *bench.Report
	programs   map[string]*bench.Report
	full       string // the program that was measured with growth
}

// read reads the reports of a directory.
func read(dir string) (*suite, error) {
	s := &suite{programs: make(map[string]*bench.Report)}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		r, err := bench.ReadJSON(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		short, isProgram := strings.CutPrefix(strings.TrimSuffix(filepath.Base(name), ".json"), "program-")
		switch {
		case !isProgram:
			s.mechanisms = r
		default:
			s.programs[short] = r
			if len(r.In(bench.GroupSessions)) > 0 {
				s.full = short
			}
		}
	}
	if s.mechanisms == nil || s.full == "" {
		return nil, fmt.Errorf("%s: no report of mechanisms, or of no program with its growth: run bench/suite", dir)
	}
	return s, nil
}

// names of the programs, sorted.
func (s *suite) names() []string {
	var list []string
	for name := range s.programs {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// page is the whole document.
func (s *suite) page() string {
	var b strings.Builder
	m := &s.mechanisms.Machine
	b.WriteString("# What supervision costs\n\n<!-- Made by make bench-docs; change internal/tools/perfdocs instead. -->\n\n")
	b.WriteString("What stands between a program and the kernel costs time at each call, and warder's work is to make that little. " +
		"These are measurements of one machine, made by `warder bench`, which measures yours in a minute: compare ratios, not microseconds.\n\n")
	s.warnings(&b)
	fmt.Fprintf(&b, "| | |\n|---|---|\n| processor | %s%s |\n| cores | %d; calls on core %d, the other core was %d |\n| kernel | Linux %s, clock source %s |\n| warder | %s |\n| load before; meanwhile | %.2f; %.1f%% of the processors ran something else, %.1f%% were stolen |\n| rounds | %d in %.0f s |\n\n",
		cell(cmp.Or(m.Processor, "unknown")), map[bool]string{true: " (virtual machine)"}[m.Virtual], m.Cores, m.One, m.Other, cell(m.Kernel), cell(m.Clock), cell(s.mechanisms.Version),
		m.Load, 100*m.Others, 100*m.Stolen, s.mechanisms.Rounds, s.mechanisms.Seconds)
	b.WriteString(howTo)
	b.WriteString("## Each mechanism\n\n![Cost of a call under each mechanism](performance-mechanisms.svg)\n\n")
	for _, t := range s.mechanisms.Tables() {
		table(&b, &t)
	}
	b.WriteString(meaning)
	s.against(&b)
	s.summary(&b)
	fmt.Fprintf(&b, "## One program in full: %s\n\n![The program, its start-up, and growth](performance-program.svg)\n\n", cell(strings.Join(s.programs[s.full].Command, " ")))
	for _, t := range s.programs[s.full].Tables() {
		table(&b, &t)
	}
	s.field(&b)
	return b.String()
}

// warnings say which reports are worth little.
func (s *suite) warnings(b *strings.Builder) {
	var busy []string
	if s.mechanisms.Machine.Busy() {
		busy = append(busy, "the mechanisms")
	}
	for _, name := range s.names() {
		if s.programs[name].Machine.Busy() {
			busy = append(busy, name)
		}
	}
	if len(busy) > 0 {
		fmt.Fprintf(b, "**The machine was too busy to tell** while it measured %s: the figures below are worth little. Measure again on a quiet one.\n\n", strings.Join(busy, ", "))
	}
}

// table writes a report's table, with its title as a heading.
func table(b *strings.Builder, t *bench.Table) {
	if t.Title != "" {
		fmt.Fprintf(b, "### %s\n\n", t.Title)
	}
	row(b, t.Head)
	b.WriteString(strings.Repeat("|---", len(t.Head)) + "|\n")
	for _, cells := range t.Rows {
		row(b, cells)
	}
	b.WriteString("\n")
	for _, note := range t.Notes {
		b.WriteString(cell(note) + "\n\n")
	}
}

func row(b io.StringWriter, cells []string) {
	line := "|"
	for _, c := range cells {
		line += " " + cell(c) + " |"
	}
	_, _ = b.WriteString(line + "\n") // into memory
}

// cell keeps text from being markup.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*", "\n", " ").Replace(text)
}

// ratio writes a median with its interval.
func ratio(s *bench.Stat) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g [%.3g %.3g]", s.Median, s.Low, s.High)
}

// against shows warder's own rows beside the floor.
func (s *suite) against(b *strings.Builder) {
	b.WriteString("## warder beside the floor\n\nThe floor is the same work in C or machine code with nothing around it: it decides nothing, enforces nothing, and has no limits to watch. What is above 1 is what warder does at a call.\n\n")
	row(b, []string{"what", "ns/call", "floor", "ratio to the floor"})
	b.WriteString("|---|---|---|---|\n")
	for _, f := range s.mechanisms.In(bench.GroupWarder) {
		if f.Stat == nil || f.Over == nil {
			continue
		}
		row(b, []string{f.Text, fmt.Sprintf("%.0f", f.Stat.Median), f.Floor, ratio(f.Over)})
	}
	b.WriteString("\n")
}

// summary is the suite of programs under each engine.
func (s *suite) summary(b *strings.Builder) {
	engines := []string{"hybrid", "seccomp", "ptrace"}
	b.WriteString("## Programs that compute\n\nWall time as a ratio to bare, with its interval; supervisor CPU time and stops under hybrid.\n\n")
	row(b, []string{"program", "bare, ms", "hybrid", "seccomp", "ptrace", "supervisor, ms", "stops"})
	b.WriteString("|---|---|---|---|---|---|---|\n")
	logs := make(map[string][]float64)
	var reasons []string
	for _, name := range s.names() {
		r := s.programs[name]
		cells := []string{name, median(r.Figure(bench.GroupProgram, "bare", bench.Wall, 0))}
		for _, engine := range engines {
			f := r.Figure(bench.GroupProgram, engine, bench.Wall, 0)
			if f == nil || f.Ratio == nil {
				cells = append(cells, "does not run")
				if f != nil {
					reasons = append(reasons, fmt.Sprintf("%s under %s: %s", name, engine, f.Missing))
				}
				continue
			}
			logs[engine] = append(logs[engine], math.Log(f.Ratio.Median))
			cells = append(cells, ratio(f.Ratio))
		}
		row(b, append(cells, median(r.Figure(bench.GroupProgram, "hybrid", bench.SuperCPU, 0)), median(r.Figure(bench.GroupProgram, "hybrid", bench.Stops, 0))))
	}
	cells := []string{"geometric mean", ""}
	for _, engine := range engines {
		cells = append(cells, mean(logs[engine]))
	}
	row(b, append(cells, "", ""))
	b.WriteString("\nA short program's ratio is mostly its start-up, below.\n\n")
	for _, reason := range reasons {
		b.WriteString("- " + cell(reason) + "\n")
	}
	if len(reasons) > 0 {
		b.WriteString("\n")
	}
}

func median(f *bench.Figure) string {
	if f == nil || f.Stat == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g", f.Stat.Median)
}

// mean is the geometric mean of the numbers with these logarithms.
func mean(logs []float64) string {
	if len(logs) == 0 {
		return "-"
	}
	sum := 0.0
	for _, l := range logs {
		sum += l
	}
	return fmt.Sprintf("%.3f of %d", math.Exp(sum/float64(len(logs))), len(logs))
}
