package bench_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// sample is one run of one subject.
type sample struct {
	wall  time.Duration
	cpu   time.Duration // user and system time of the program
	stops float64
	value float64 // what the program measured itself
}

// series is one subject's samples, by round.
type series [][]sample

func wall(s sample) float64  { return float64(s.wall) / float64(time.Microsecond) }
func cpu(s sample) float64   { return float64(s.cpu) / float64(time.Microsecond) }
func stops(s sample) float64 { return s.stops }
func value(s sample) float64 { return s.value }

// medians reduces each round to the median of one quantity.
func (s series) medians(of func(sample) float64) []float64 {
	var list []float64
	for _, round := range s {
		var values []float64
		for _, run := range round {
			values = append(values, of(run))
		}
		list = append(list, median(values))
	}
	return list
}

// calm is a low quantile of one quantity over all runs: what a run took when
// nothing else got in its way.
func (s series) calm(of func(sample) float64) float64 {
	var values []float64
	for _, round := range s {
		for _, run := range round {
			values = append(values, of(run))
		}
	}
	return quantile(values, 0.05)
}

// quantile interpolates between the two values around q, from 0 to 1; of no
// values it is NaN.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	below := min(max(int(at), 0), len(sorted)-1)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// ratios divides round by round.
func ratios(held, bare []float64) []float64 {
	n := min(len(held), len(bare))
	list := make([]float64, n)
	for i := range list {
		list[i] = held[i] / bare[i]
	}
	return list
}

// spread is a median with the quartiles around it.
func spread(values []float64) string {
	return fmt.Sprintf("%.4g [%.4g %.4g]", median(values), quantile(values, 0.25), quantile(values, 0.75))
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{4, 1, 3, 2}, 0, 1},
		{[]float64{4, 1, 3, 2}, 1, 4},
		{[]float64{5, 4, 3, 2, 1}, 0.25, 2},
		{[]float64{5, 4, 3, 2, 1}, 0.75, 4},
		{[]float64{10, 20}, 0.25, 12.5},
		{[]float64{1, 1, 1, 1000}, 0.5, 1},
	} {
		before := slices.Clone(c.values)
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.values, c.q, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("quantile changed %v to %v", before, c.values)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v, want NaN", got)
	}
}

func TestSeries(t *testing.T) {
	run := func(us ...int) []sample {
		var list []sample
		for _, u := range us {
			list = append(list, sample{wall: time.Duration(u) * time.Microsecond, stops: float64(u)})
		}
		return list
	}
	s := series{run(1, 2, 900), run(5), run(4, 6)}
	if got, want := s.medians(wall), []float64{2, 5, 5}; !slices.Equal(got, want) {
		t.Errorf("medians = %v, want %v", got, want)
	}
	many := series{run(), run()}
	for i := 100; i >= 0; i-- {
		many[i%2] = append(many[i%2], sample{stops: float64(i)})
	}
	if got := many.calm(stops); got != 5 {
		t.Errorf("calm = %v, want 5", got)
	}
	if got := (series{}).calm(wall); !math.IsNaN(got) {
		t.Errorf("calm of nothing = %v, want NaN", got)
	}
	if got, want := ratios([]float64{3, 10, 9}, []float64{2, 5}), []float64{1.5, 2}; !slices.Equal(got, want) {
		t.Errorf("ratios = %v, want %v", got, want)
	}
	if got, want := spread([]float64{1, 2, 3, 4, 5}), "3 [2 4]"; got != want {
		t.Errorf("spread = %q, want %q", got, want)
	}
}
