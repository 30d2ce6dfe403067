package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"warder/internal/elfimage"
	"warder/rules"
	"warder/tracer"
)

// Groups of a program's report.
const (
	GroupProgram   Group = "program"
	GroupStart     Group = "start-up"
	GroupThreads   Group = "threads"
	GroupProcesses Group = "processes"
	GroupSessions  Group = "sessions"
)

// Comparison says which program is measured against what.
type Comparison struct {
	Command Command
	Policy  *rules.Policy // of warder's engines; nil: compute, and runtime for seccomp
	Against []Tool

	// Threads are the numbers of threads, and of processes, that the growth of
	// a call's cost is measured with, and Sessions the numbers of sessions at
	// once that the rate of an empty program is; none: not measured.
	Threads, Sessions []int
}

// Shares of a run's time.
const (
	programShare = 0.6
	growthShare  = 0.4
)

// Runs of a turn are repeated until it has lasted shortestTurn: a program of a
// millisecond says little once.
const (
	shortestTurn = 20 * time.Millisecond
	mostRuns     = 50
)

// Compare runs the program bare, under each of warder's engines and under the
// tools, in interleaved rounds, and an empty program as well: what is left of
// the difference is start-up. What cannot run it has its reason in the report.
//
// An error that is a *ProgramError says that the program does not end well by
// itself. When the context ends, the report holds what is known so far.
func Compare(ctx context.Context, c *Comparison, opts Options) (*Report, error) {
	opts = opts.defaults()
	if len(emptyCode) == 0 {
		return nil, ErrNotSupported
	}
	if opts.Progress != nil {
		opts.Progress(0, bareName)
	}
	if _, err := spawn(ctx, &c.Command); err != nil && ctx.Err() == nil {
		return nil, err
	}
	list, err := c.contenders()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "warder-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	defer tracer.CloseIdle()
	empty, err := emptyProgram(dir)
	if err != nil {
		return nil, err
	}
	report := newReport(KindProgram, opts)
	report.Command = c.Command.Args
	main := c.programTurns(list, empty)
	growth, err := c.growthTurns(dir, empty)
	if err != nil {
		return nil, err
	}
	err = report.watched(func() time.Duration {
		report.Rounds = hold(ctx, main, opts, 0, growthOrWhole(len(growth)))
		if len(growth) > 0 && ctx.Err() == nil {
			hold(ctx, growth, opts, programShare, growthShare)
		}
		var unseen time.Duration
		for _, t := range append(slices.Clone(main), growth...) {
			unseen += t.unseen
		}
		return unseen
	})
	if err != nil {
		return nil, err
	}
	report.Partial = ctx.Err() != nil
	report.Figures = figures(append(main, growth...), report.Machine.Busy())
	report.Notes = append(report.Notes, notes(main)...)
	return report, nil
}

func growthOrWhole(growth int) float64 {
	if growth == 0 {
		return 1
	}
	return programShare
}

// hold lets turns take turns in a share of the run's time, which begins when
// the part before it is done.
func hold(ctx context.Context, turns []*turn, opts Options, before, share float64) int {
	c := contest{time: time.Duration(share * float64(opts.Time)), rounds: opts.Rounds}
	if opts.Progress != nil {
		c.progress = func(done float64, next string) { opts.Progress(before+share*done, next) }
	}
	for _, t := range turns {
		c.list = append(c.list, &t.contestant)
	}
	c.hold(ctx)
	return c.held
}

// turn is a contestant with what its values mean.
type turn struct {
	contestant
	group   Group
	text    string
	at      int
	base    string // the turn of the same group and number that ratios are of
	metrics []Metric
	unseen  time.Duration
}

// programTurns are the program's and the empty program's, for each contender.
func (c *Comparison) programTurns(list []contender, empty string) []*turn {
	nothing := c.Command
	nothing.Path, nothing.Args, nothing.Stdin = empty, []string{empty}, ""
	var turns []*turn
	for _, of := range []struct {
		group Group
		cmd   *Command
	}{{GroupProgram, &c.Command}, {GroupStart, &nothing}} {
		for _, one := range list {
			t := &turn{group: of.group, text: one.text, base: bareName, metrics: []Metric{Wall, CPU, Peak}}
			if !one.against {
				t.metrics = append(t.metrics, ProgramCPU, SuperCPU, Stops)
			}
			t.contestant.name = one.name
			t.turn = func(ctx context.Context) ([]float64, error) {
				return t.runs(ctx, func() (Sample, error) { return one.run(ctx, of.cmd) })
			}
			turns = append(turns, t)
		}
	}
	return turns
}

// runs is one turn: as many runs as it takes, and the median of each quantity.
func (t *turn) runs(ctx context.Context, run func() (Sample, error)) ([]float64, error) {
	runtime.GC() // what one leaves behind is not the next one's to clear
	values := make([][]float64, len(t.metrics))
	for start := time.Now(); len(values[0]) == 0 || time.Since(start) < shortestTurn && len(values[0]) < mostRuns; {
		s, err := run()
		t.unseen += s.Unseen
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for i, m := range t.metrics {
			values[i] = append(values[i], s.of(m))
		}
	}
	medians := make([]float64, len(values))
	for i := range values {
		medians[i] = Summarize(values[i]).Median
	}
	return medians, nil
}

// of is one quantity of a sample.
func (s *Sample) of(m Metric) float64 {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	switch m {
	case Wall:
		return ms(s.Wall)
	case CPU:
		return ms(s.Program + max(s.Supervisor, 0))
	case ProgramCPU:
		return ms(s.Program)
	case SuperCPU:
		return ms(s.Supervisor)
	case Peak:
		return s.Peak / (1 << 20)
	}
	return s.Stops
}

// figures makes the figures of turns.
func figures(turns []*turn, busy bool) []Figure {
	find := func(t *turn, name string) *turn {
		for _, other := range turns {
			if other.group == t.group && other.at == t.at && other.contestant.name == name {
				return other
			}
		}
		return nil
	}
	var list []Figure
	for _, t := range turns {
		base := find(t, t.base)
		for i, m := range t.metrics {
			f := Figure{Group: t.group, Name: t.contestant.name, Text: t.text, At: t.at, Metric: m, Missing: t.missing(), Values: t.of(i)}
			var values []float64
			if j := indexOf(base, m); j >= 0 && m != Stops {
				f.Base, values = t.base, base.of(j)
			}
			f.judge(values, nil, busy)
			list = append(list, f)
		}
	}
	return list
}

func indexOf(t *turn, m Metric) int {
	if t == nil {
		return -1
	}
	return slices.Index(t.metrics, m)
}

// notes say what to do about what did not run.
func notes(turns []*turn) []string {
	var list []string
	for _, t := range turns {
		if text := advice(t.contestant.name, t.err); t.group == GroupProgram && text != "" {
			list = append(list, t.contestant.name+": "+text)
		}
	}
	return list
}

// emptyProgram writes a program that ends at once. It is a file, for tools that
// do not share this process's /proc.
func emptyProgram(dir string) (string, error) {
	path := filepath.Join(dir, "empty")
	image := elfimage.Static(meterMachine, meterText, emptyCode)
	// chmod, for the umask does not apply to it; held programs are somebody else's.
	err := errors.Join(os.WriteFile(path, image, 0o755), os.Chmod(path, 0o755), os.Chmod(dir, 0o755))
	if err != nil {
		return "", fmt.Errorf("empty program: %w", err)
	}
	return path, nil
}
