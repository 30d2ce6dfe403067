package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// binomial is the probability of exactly k heads in n throws.
func binomial(n, k int) float64 {
	p := math.Exp2(-float64(n))
	for i := range k {
		p *= float64(n-i) / float64(i+1)
	}
	return p
}

func TestMedianRank(t *testing.T) {
	covered := func(n, k int) float64 {
		inside := 1.0
		for i := range k {
			inside -= 2 * binomial(n, i)
		}
		return inside
	}
	for n := 1; n <= 200; n++ {
		k, sure := medianRank(n)
		if k < 1 || 2*k > n+1 {
			t.Fatalf("medianRank(%d) = %d: the interval is upside down", n, k)
		}
		if want := max(covered(n, k), 0); math.Abs(sure-want) > 1e-9 {
			t.Errorf("medianRank(%d) = %d with %v, want %v", n, k, sure, want)
		}
		if n >= minRounds && sure < confidence {
			t.Errorf("medianRank(%d) = %d with %v: too little", n, k, sure)
		}
		if n < minRounds && (k != 1 || sure >= confidence) {
			t.Errorf("medianRank(%d) = %d with %v: so few rounds have no interval", n, k, sure)
		}
		if next := covered(n, k+1); 2*(k+1) <= n && next >= confidence {
			t.Errorf("medianRank(%d) = %d, and %d would do with %v", n, k, k+1, next)
		}
	}
	// From the tables of the sign test.
	for n, want := range map[int]int{6: 1, 10: 2, 15: 4, 20: 6, 25: 8, 50: 18} {
		if k, _ := medianRank(n); k != want {
			t.Errorf("medianRank(%d) = %d, want %d", n, k, want)
		}
	}
}

// TestInterval: the interval holds the median of what the values come from as
// often as it says, whatever that is.
func TestInterval(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"normal":      random.NormFloat64,
		"exponential": func() float64 { return random.ExpFloat64() - math.Ln2 },
		"two peaks": func() float64 {
			if random.IntN(2) == 0 {
				return random.Float64() - 2
			}
			return random.Float64() + 0.000001
		},
	} {
		const trials = 4000
		held := 0
		for range trials {
			values := make([]float64, 19)
			for i := range values {
				values[i] = draw()
			}
			if s := Summarize(values); s.Low <= 0.000001 && s.High >= 0 {
				held++
			}
		}
		// The standard deviation of the count is 13 at most.
		if part := float64(held) / trials; part < confidence-0.01 {
			t.Errorf("%s: %.3f of the intervals hold the median, want %v", name, part, confidence)
		}
	}
}

func TestSummarize(t *testing.T) {
	if Summarize(nil) != nil {
		t.Error("something was made of nothing")
	}
	values := []float64{9, 1, 3, 7, 5}
	before := slices.Clone(values)
	got := *Summarize(values)
	want := Stat{Median: 5, Q1: 3, Q3: 7, Low: 1, High: 9, Confidence: 1 - 2.0/32, Rounds: 5}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !slices.Equal(values, before) {
		t.Errorf("the values were changed to %v", values)
	}
	if got := Summarize([]float64{7}); got.Median != 7 || got.Low != 7 || got.High != 7 || got.Confidence != 0 {
		t.Errorf("of one value: %+v", got)
	}
	if got := Summarize([]float64{1, 2, 3, 4, 5, 1000}); got.Low != 1 || got.High != 1000 || got.Confidence < confidence {
		t.Errorf("of six values: %+v", got)
	}
}

func TestRatios(t *testing.T) {
	if got := ratios([]float64{3, 10, 9}, []float64{2, 5}); !slices.Equal(got, []float64{1.5, 2}) {
		t.Errorf("ratios %v", got)
	}
	if got := ratios([]float64{3, 10}, []float64{0, 5}); !slices.Equal(got, []float64{2}) {
		t.Errorf("of a zero: %v", got)
	}
	if got := Summarize(ratios([]float64{1}, nil)); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		s    *Stat
		busy bool
		want string
	}{
		{nil, false, NotHere},
		{nil, true, NotHere},
		{&Stat{Median: 100, Low: 95, High: 105, Confidence: 0.96}, false, Clear},
		{&Stat{Median: 100, Low: 90, High: 110, Confidence: 0.96}, false, Clear},
		{&Stat{Median: 100, Low: 90, High: 111, Confidence: 0.96}, false, TooNoisy},
		{&Stat{Median: 100, Low: 99, High: 101, Confidence: 0.96}, true, TooNoisy},
		{&Stat{Median: 100, Low: 100, High: 100, Confidence: 0.9}, false, TooFew},
		{&Stat{Confidence: 0.96}, false, Clear},
	} {
		if got := c.s.verdict(c.busy); got != c.want {
			t.Errorf("verdict of %+v, busy %v: %q, want %q", c.s, c.busy, got, c.want)
		}
	}
}
