package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"warder/bench"
)

// benchFlags are the flags of warder bench.
type benchFlags struct {
	json, csv, golang bool
	svg, html         string
	time              time.Duration
	only, floor       string
	list              bool
	program           benchProgramFlags
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [flags] [--] [PROG [ARGS]]",
		Short: "Measure what supervision costs here: each mechanism, or a program under each engine",
		Long: `Without PROG: measure what a call costs with nothing in between, and under each
mechanism that Linux has (seccomp filters, signals, user notification, ptrace)
and each of warder's engines. --list tells what each row is.

With PROG: run it bare, under each engine, and under other tools (--against), and
measure wall time, CPU time of program and supervisor, stops and peak memory;
the same for an empty program, which is start-up alone; and how the cost of a
call grows with threads and processes, and the rate of sessions with how many
run at once. PROG must end with status 0; what it prints is discarded.

Everything is measured in interleaved rounds after a warm-up. A figure is the
median of the rounds; the interval beside it holds that median with 95%
confidence. Where it is wide, or the machine did much else meanwhile, the figure
is too noisy to tell. Ctrl-C ends a run and prints what is known so far. What a
mechanism costs is measured by processes of a few hundred bytes of machine code,
on one core, or on two where the name ends in -other.

Exit status: 0 also where rows are missing, whose reason is in their place; 125
for what could not be measured at all; 128+N if ended by signal N.`,
		Example: `  warder bench
  warder bench --only '^(native|trace)' --time 10s
  warder bench --go >old.txt; warder bench --go >new.txt; benchstat old.txt new.txt
  warder bench --stdin words --against 'strace -f -o /dev/null' -- sort`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.BoolVar(&f.json, "json", false, "print JSON, every round's values included")
	fs.BoolVar(&f.csv, "csv", false, "print comma-separated values")
	fs.BoolVar(&f.golang, "go", false, "print Go's benchmark format, for benchstat")
	fs.StringVar(&f.svg, "svg", "", "draw a chart into `FILE` as well")
	fs.StringVar(&f.html, "html", "", "write a page with chart and tables into `FILE` as well")
	fs.DurationVar(&f.time, "time", bench.DefaultTime, "measure for `DURATION`; what is begun then is finished")
	fs.StringVar(&f.only, "only", "", "measure the rows whose names match `REGEX`, and those that they are compared with")
	fs.BoolVar(&f.list, "list", false, "print what each row is, and measure nothing")
	fs.StringVar(&f.floor, "floor", "", "measure beside the loops of `FILE`, compiled of bench/testdata/floor.c")
	f.program.define(fs)
	return cmd
}

func (f *benchFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.check(cmd.Flags(), len(args) > 0); err != nil {
		return err
	}
	out := outputs{}
	defer out.discard()
	if err := errors.Join(out.add("svg", f.svg, (*bench.Report).WriteSVG), out.add("html", f.html, (*bench.Report).WriteHTML)); err != nil {
		return err
	}
	cores, err := bench.ChooseCores()
	if err != nil {
		return err
	}
	bar := newProgress(os.Stderr)
	opts := bench.Options{Time: f.time, Progress: bar.show, Version: versionLine(), Cores: cores}
	measure := func(ctx context.Context) (*bench.Report, error) {
		return f.program.measure(ctx, args, opts)
	}
	if len(args) == 0 {
		rows, err := f.rows(cmd.Context(), cores)
		if err != nil {
			return err
		}
		if f.list {
			return printRows(cmd.OutOrStdout(), rows)
		}
		measure = func(ctx context.Context) (*bench.Report, error) { return bench.Run(ctx, rows, opts) }
	}
	report, ended, err := interruptible(measure)
	bench.Close()
	bar.clear()
	if err != nil {
		return err
	}
	if err := f.print(cmd.OutOrStdout(), report); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	if err := out.write(report); err != nil {
		return err
	}
	if ended != 0 {
		return statusError(128 + int(ended))
	}
	return nil
}

// check refuses flags that do not go together.
func (f *benchFlags) check(fs *pflag.FlagSet, program bool) error {
	formats := 0
	for _, on := range []bool{f.json, f.csv, f.golang} {
		if on {
			formats++
		}
	}
	switch {
	case formats > 1:
		return errors.New("--json, --csv and --go: give one of them")
	case f.time <= 0:
		return errors.New("--time: must be more than 0")
	}
	for _, name := range []string{"only", "list", "floor"} {
		if program && fs.Changed(name) {
			return fmt.Errorf("--%s is about the mechanisms: leave it out, or the program", name)
		}
	}
	if !program {
		return f.program.unused(fs)
	}
	return nil
}

// rows are those of the mechanisms, engines and tools that were asked for.
func (f *benchFlags) rows(ctx context.Context, cores bench.Cores) ([]bench.Row, error) {
	rows := slices.Concat(bench.Mechanisms(cores), bench.Engines(), bench.Tools(cores))
	if f.only != "" {
		pattern, err := regexp.Compile(f.only)
		if err != nil {
			return nil, fmt.Errorf("--only: %w", err)
		}
		if rows = bench.Select(rows, pattern.MatchString); len(rows) == 0 {
			return nil, fmt.Errorf("--only %q: no row has such a name; warder bench --list has them all", f.only)
		}
	}
	if f.floor == "" {
		return rows, nil
	}
	path := f.floor
	if !strings.Contains(path, "/") {
		path = "./" + path // a file, and no command
	}
	rows, err := bench.Floor(ctx, path, cores, rows)
	if err != nil {
		return nil, fmt.Errorf("--floor: %w", err)
	}
	return rows, nil
}

// printRows writes what each row is.
func printRows(w io.Writer, rows []bench.Row) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ROW\tKIND\tAT EACH CALL") // Flush tells errors
	for _, row := range rows {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", row.Name, row.Group, row.Text)
	}
	return t.Flush()
}

// print writes the report in the format that was asked for.
func (f *benchFlags) print(w io.Writer, r *bench.Report) error {
	switch {
	case f.json:
		return r.WriteJSON(w)
	case f.csv:
		return r.WriteCSV(w)
	case f.golang:
		return r.WriteGo(w)
	}
	return r.WriteText(w)
}

// interruptible measures until it is done or a signal ends it; then the report
// is of what is known by then. A second signal ends warder at once.
func interruptible(measure func(context.Context) (*bench.Report, error)) (*bench.Report, syscall.Signal, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	first := make(chan syscall.Signal, 1)
	done := make(chan struct{})
	go func() {
		defer close(first)
		select {
		case <-done:
			return
		case s := <-signals:
			sig, ok := s.(syscall.Signal)
			if !ok {
				sig = syscall.SIGTERM
			}
			first <- sig
			cancel()
		}
		select {
		case <-done:
		case <-signals:
			os.Exit(128 + int(syscall.SIGINT))
		}
	}()
	report, err := measure(ctx)
	close(done)
	return report, <-first, err
}

// outputs are files that a report is drawn into.
type outputs []output

type output struct {
	flag  string
	place *report
	draw  func(*bench.Report, io.Writer) error
}

// add opens a file before anything is measured, so that a bad one costs no
// minute.
func (o *outputs) add(flag, name string, draw func(*bench.Report, io.Writer) error) error {
	if name == "" {
		return nil
	}
	place := &report{}
	if err := place.openFile(name); err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	*o = append(*o, output{flag, place, draw})
	return nil
}

// discard removes what was not written.
func (o *outputs) discard() {
	for _, one := range *o {
		one.place.discard()
	}
	*o = nil
}

// write draws the report into each file.
func (o *outputs) write(r *bench.Report) error {
	for len(*o) > 0 {
		one := (*o)[0]
		*o = (*o)[1:]
		if err := one.place.fill(func(w io.Writer) error { return one.draw(r, w) }); err != nil {
			return fmt.Errorf("--%s: %w", one.flag, err)
		}
	}
	return nil
}
