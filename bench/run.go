package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Options say how a run is done. The zero value takes DefaultTime.
type Options struct {
	// Time bounds the measuring. A run ends with the round that Time ends in,
	// and before if it has had its rounds.
	Time time.Duration
	// Rounds, where not 0, is the most that a run has.
	Rounds int
	// Calls, where not 0, is how many calls each block has; else they are as
	// many as a block's share of Time allows.
	Calls int
	// Progress, where not nil, is told before each block which part of the run
	// is done, from 0 to 1, and what is next. It must not block.
	Progress func(done float64, next string)

	Version string // of warder, for the report
	Cores   Cores  // for the report
}

const (
	// DefaultTime is that of a run without Options.Time.
	DefaultTime = 60 * time.Second

	// usualRounds are what Time is divided by, maxRounds what a short list of
	// rows gets instead of taking all of it.
	usualRounds = 40
	maxRounds   = 100

	// A block's time is its share, but no more than longest: noise comes in
	// bursts, and more rounds are better than longer ones. Below shortest the
	// start of its processes is felt.
	longestBlock  = 25 * time.Millisecond
	shortestBlock = time.Millisecond
	// fewest calls make a block, whatever they take.
	fewest = 100
	// firstCalls are those of the first block, which only tells how many
	// there can be.
	firstCalls = 500
)

// defaults fills in what was left out.
func (o Options) defaults() Options {
	if o.Time <= 0 {
		o.Time = DefaultTime
	}
	if o.Rounds <= 0 {
		o.Rounds = maxRounds
	}
	return o
}

// Run measures rows in interleaved rounds: each makes one block of calls of
// every row. The first blocks warm up, find out how many calls make a block,
// and are dropped.
//
// A row that cannot be measured has its reason in the report; it is no error.
// When the context ends, the report holds what is known so far and is Partial.
func Run(ctx context.Context, rows []Row, opts Options) (*Report, error) {
	if len(rows) == 0 {
		return nil, errors.New("no rows to measure")
	}
	opts = opts.defaults()
	share := opts.Time / time.Duration(usualRounds*len(rows))
	share = min(max(share, shortestBlock), longestBlock)
	blocks := make([]*block, len(rows))
	c := contest{time: opts.Time, rounds: opts.Rounds, progress: opts.Progress}
	for i := range rows {
		b := &block{row: &rows[i], calls: opts.Calls, share: share}
		blocks[i] = b
		c.list = append(c.list, &contestant{name: rows[i].Name, warm: b.warm, turn: b.turn})
	}
	report := newReport(KindMechanisms, opts)
	err := report.watched(func() time.Duration {
		c.hold(ctx)
		var unseen time.Duration
		for _, b := range blocks {
			unseen += b.unseen
		}
		return unseen
	})
	if err != nil {
		return nil, err
	}
	report.Partial = ctx.Err() != nil
	report.Rounds = c.held
	values := func(name string) []float64 {
		for i, one := range c.list {
			if rows[i].Name == name {
				return one.of(0)
			}
		}
		return nil
	}
	for i, row := range rows {
		f := Figure{
			Group: row.Group, Name: row.Name, Text: row.Text, Metric: PerCall,
			Base: row.Base, Floor: row.Floor, Missing: c.list[i].missing(), Values: c.list[i].of(0),
		}
		f.judge(values(row.Base), values(row.Floor), report.Machine.Busy())
		report.Figures = append(report.Figures, f)
	}
	return report, nil
}

// block makes the calls of one row.
type block struct {
	row    *Row
	calls  int
	share  time.Duration // that it should take
	unseen time.Duration
}

func (b *block) measure(ctx context.Context, calls int) (float64, error) {
	got, err := b.row.Measure(ctx, calls)
	b.unseen += got.Unseen
	if err == nil && got.PerCall <= 0 {
		err = fmt.Errorf("BUG: a call took %v ns", got.PerCall)
	}
	return got.PerCall, err
}

// warm makes the first calls, and finds out how many make a block.
func (b *block) warm(ctx context.Context) ([]float64, error) {
	if b.calls > 0 {
		return b.turn(ctx)
	}
	calls := firstCalls
	for {
		each, err := b.measure(ctx, calls)
		if err != nil {
			return nil, err
		}
		b.calls = max(int(float64(b.share)/each), fewest)
		// A short first block tells too much of its beginning.
		if b.calls <= 16*calls {
			return []float64{each}, nil
		}
		calls = b.calls / 4
	}
}

func (b *block) turn(ctx context.Context) ([]float64, error) {
	each, err := b.measure(ctx, b.calls)
	return []float64{each}, err
}

func newReport(kind string, opts Options) *Report {
	r := &Report{Schema: Schema, Kind: kind, Version: opts.Version}
	r.Machine.look(opts.Cores)
	return r
}

// watched notes what the machine does while f runs. f gives the CPU time of
// our own that the kernel does not count as such.
func (r *Report) watched(f func() time.Duration) error {
	before, err := takeAccount()
	if err != nil {
		return err
	}
	unseen := f()
	after, err := takeAccount()
	if err != nil {
		return err
	}
	r.Machine.spent(before, after, unseen)
	r.Seconds = after.at.Sub(before.at).Seconds()
	return nil
}

// judge sums the values up, against those of base and floor.
func (f *Figure) judge(base, floor []float64, busy bool) {
	f.Stat = Summarize(f.Values)
	if f.Base != "" {
		f.Ratio = Summarize(ratios(f.Values, base))
	}
	if f.Floor != "" {
		f.Over = Summarize(ratios(f.Values, floor))
	}
	f.Verdict = f.Stat.verdict(busy)
}
