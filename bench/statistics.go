package bench

import (
	"math"
	"slices"
)

// Stat sums up one quantity over the rounds.
type Stat struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"` // quartiles
	Q3     float64 `json:"q3"`
	// Low and High are a confidence interval of the median: two of the values
	// themselves, so nothing is supposed about their distribution. With fewer
	// rounds than minRounds they are the extremes, and Confidence is below 0.95.
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Rounds     int     `json:"rounds"`
}

const (
	// confidence is that of intervals.
	confidence = 0.95
	// minRounds give an interval of that confidence: 1 - 2/2^6.
	minRounds = 6
)

// Summarize sums up values, one of each round; nil if there are none.
func Summarize(values []float64) *Stat {
	n := len(values)
	if n == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	rank, sure := medianRank(n)
	return &Stat{
		Median: quantile(sorted, 0.5), Q1: quantile(sorted, 0.25), Q3: quantile(sorted, 0.75),
		Low: sorted[rank-1], High: sorted[n-rank], Confidence: sure, Rounds: n,
	}
}

// quantile interpolates between the two of sorted values around q, 0 to 1.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := min(max(int(at), 0), len(sorted)-1)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// medianRank is the largest k so that the k-th smallest and k-th largest of n
// values hold the median of what they come from between them with confidence,
// and the confidence that they have. A value is below that median with
// probability 1/2, so how many are is binomial: the median is outside where
// fewer than k are on one side. Where no k will do it is 1.
func medianRank(n int) (k int, sure float64) {
	// tail is the probability that fewer than k of n are on a given side.
	tail, term := 0.0, math.Exp2(-float64(n))
	for i := range n/2 + 1 {
		tail += term
		if got := 1 - 2*tail; got >= confidence || i == 0 {
			k, sure = i+1, got
		} else {
			break
		}
		term *= float64(n-i) / float64(i+1)
	}
	return k, max(sure, 0)
}

// ratios divides round by round: noise that lasts longer than a round is in
// both.
func ratios(values, base []float64) []float64 {
	n := min(len(values), len(base))
	var list []float64
	for i := range n {
		if base[i] > 0 {
			list = append(list, values[i]/base[i])
		}
	}
	return list
}

// widest is how far an interval may reach to either side of its median, as a
// part of it, for the figure to tell something.
const widest = 0.10

// Verdicts on a figure.
const (
	Clear    = ""
	TooFew   = "too few rounds to tell"
	TooNoisy = "too noisy to tell"
	NotHere  = "not here"
)

// verdict judges a figure by its interval and by the machine.
func (s *Stat) verdict(busy bool) string {
	switch {
	case s == nil:
		return NotHere
	case s.Confidence < confidence:
		return TooFew
	case busy, s.High-s.Low > 2*widest*math.Abs(s.Median):
		return TooNoisy
	}
	return Clear
}
