package bench

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestContestOrder(t *testing.T) {
	var order []string
	turns := func(name string) *contestant {
		return &contestant{name: name, turn: func(context.Context) ([]float64, error) {
			order = append(order, name)
			return []float64{float64(len(order)), 7}, nil
		}}
	}
	a, b := turns("a"), turns("b")
	b.warm = func(context.Context) ([]float64, error) { order = append(order, "w"); return nil, nil }
	var told []float64
	c := contest{list: []*contestant{a, b}, rounds: 3, time: time.Hour, progress: func(done float64, _ string) { told = append(told, done) }}
	c.hold(t.Context())
	if got, want := strings.Join(order, ""), "aw"+"ab"+"ba"+"ab"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if got, want := a.of(0), []float64{3, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("values of a %v, want %v: warm-up does not count", got, want)
	}
	if got := b.of(1); !slices.Equal(got, []float64{7, 7, 7}) {
		t.Errorf("second values of b %v", got)
	}
	if c.held != 3 || a.missing() != "" {
		t.Errorf("%d rounds, missing %q", c.held, a.missing())
	}
	if len(told) != 8 || told[0] > 0.01 || told[7] < 0.66 || !slices.IsSorted(told) {
		t.Errorf("progress %v", told)
	}
}

func TestContestFailures(t *testing.T) {
	broken := errors.New("broken")
	turns := 0
	never := &contestant{turn: func(context.Context) ([]float64, error) { return nil, broken }}
	later := &contestant{turn: func(context.Context) ([]float64, error) {
		if turns++; turns > 2 {
			return nil, broken
		}
		return []float64{1}, nil
	}}
	nan := &contestant{warm: func(context.Context) ([]float64, error) { return nil, nil }, turn: func(context.Context) ([]float64, error) {
		return []float64{math.NaN()}, nil
	}}
	fine := &contestant{turn: func(context.Context) ([]float64, error) { return []float64{1}, nil }}
	c := contest{list: []*contestant{never, later, nan, fine}, rounds: 5, time: time.Hour}
	c.hold(t.Context())
	for name, one := range map[string]*contestant{"never": never, "later": later} {
		if !errors.Is(one.err, broken) || one.of(0) != nil || one.missing() != "broken" {
			t.Errorf("%s: %v, values %v", name, one.err, one.of(0))
		}
	}
	if turns != 3 {
		t.Errorf("a contestant that failed had %d turns", turns)
	}
	if nan.err == nil || nan.of(0) != nil {
		t.Errorf("no number: %v, %v", nan.err, nan.of(0))
	}
	if len(fine.of(0)) != 5 || len(fine.of(1)) != 0 {
		t.Errorf("fine: %v", fine.values)
	}
}

func TestContestTime(t *testing.T) {
	turns := 0
	one := &contestant{turn: func(context.Context) ([]float64, error) { turns++; return []float64{1}, nil }}
	c := contest{list: []*contestant{one}, rounds: 5, time: 0}
	c.hold(t.Context())
	if c.held != 1 || turns != 2 {
		t.Errorf("without time: %d rounds, %d turns; want one round at least, and no more", c.held, turns)
	}
}

func TestRunPartial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	blocks := 0
	row := func(name string, each float64) Row {
		return Row{Name: name, Group: GroupBare, Base: "a", Measure: func(_ context.Context, calls int) (Block, error) {
			if calls != 3 {
				t.Errorf("%d calls", calls)
			}
			if blocks++; blocks == 2+2*7+1 { // warm-up, seven rounds, and one block
				cancel()
				return Block{}, context.Canceled
			}
			return Block{PerCall: each}, nil
		}}
	}
	r, err := Run(ctx, []Row{row("a", 10), row("b", 25)}, Options{Calls: 3, Rounds: 50, Time: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Partial || r.Rounds != 7 || r.Seconds <= 0 {
		t.Errorf("partial %v, %d rounds, %v s", r.Partial, r.Rounds, r.Seconds)
	}
	b := r.Figure(GroupBare, "b", PerCall, 0)
	if b == nil || b.Stat == nil || b.Stat.Rounds != 7 || b.Ratio.Median != 2.5 || b.Missing != "" {
		t.Errorf("b: %+v", b)
	}
	if r.Figure(GroupBare, "c", PerCall, 0) != nil {
		t.Error("a figure from nowhere")
	}

	// Ended while it warmed up: what there is is better than nothing.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	blocks = 2*8 - 1
	r, err = Run(ctx, []Row{row("a", 10), row("b", 25)}, Options{Calls: 3})
	if err != nil || !r.Partial || r.Rounds != 0 {
		t.Fatalf("ended in the warm-up: %+v, %v", r, err)
	}
	if a := r.Figures[0]; a.Stat == nil || a.Stat.Median != 10 || a.Verdict != TooFew {
		t.Errorf("a was measured once: %+v", a)
	}
	if b := r.Figures[1]; b.Stat != nil || b.Missing == "" {
		t.Errorf("b was never measured: %+v", b)
	}

	cancelled, cancel2 := context.WithCancel(t.Context())
	cancel2()
	r, err = Run(cancelled, []Row{row("a", 10)}, Options{Calls: 3})
	if err != nil || !r.Partial || r.Rounds != 0 || r.Figures[0].Missing == "" || r.Figures[0].Verdict != NotHere {
		t.Errorf("ended before it began: %+v, %v", r, err)
	}
	if _, err := Run(t.Context(), nil, Options{}); err == nil {
		t.Error("no rows are no error")
	}
}

// TestRunCalls: blocks are as long as their share of the time allows.
func TestRunCalls(t *testing.T) {
	var last int
	row := func(each float64) Row {
		return Row{Name: "a", Measure: func(_ context.Context, calls int) (Block, error) {
			last = calls
			return Block{PerCall: each}, nil
		}}
	}
	for each, want := range map[float64]int{
		100:   250_000, // 25 ms, the longest
		1e9:   fewest,
		25000: 1000,
	} {
		if _, err := Run(t.Context(), []Row{row(each)}, Options{Rounds: 2}); err != nil {
			t.Fatal(err)
		}
		if last != want {
			t.Errorf("a call of %v ns: %d a block, want %d", each, last, want)
		}
	}
	if _, err := Run(t.Context(), []Row{row(100)}, Options{Rounds: 2, Time: 400 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if last != 100_000 { // a fortieth of the time
		t.Errorf("in a short run: %d a block", last)
	}
}
