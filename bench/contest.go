package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// contestant is one of the things that a contest compares.
type contestant struct {
	name string
	warm func(context.Context) ([]float64, error) // before the rounds; nil: a turn
	turn func(context.Context) ([]float64, error)

	first  []float64   // of warm: all that there is if the first round is never reached
	values [][]float64 // of each quantity, one a round
	err    error       // why it takes part no more
}

// contest lets contestants take turns in rounds. Each round turns the order
// round, so that a machine that gets slower meanwhile does so for all.
type contest struct {
	list     []*contestant
	time     time.Duration // after which no round begins but the first
	rounds   int           // at most
	progress func(done float64, next string)

	begun time.Time
	held  int // complete rounds
}

// hold warms up and holds the rounds. It ends early with the context; what is
// known by then stays.
func (c *contest) hold(ctx context.Context) {
	c.begun = time.Now()
	for _, one := range c.list {
		c.tell(one)
		warm := one.warm
		if warm == nil {
			warm = one.turn
		}
		first, err := warm(ctx)
		if ctx.Err() != nil {
			return // what it says of itself is the interruption's doing
		}
		one.first, one.err = first, err
	}
	order := slices.Clone(c.list)
	for c.held < c.rounds && (c.held == 0 || time.Since(c.begun) < c.time) {
		for _, one := range order {
			if one.err != nil {
				continue
			}
			c.tell(one)
			values, err := one.turn(ctx)
			if ctx.Err() != nil {
				return
			}
			one.took(values, err)
		}
		c.held++
		slices.Reverse(order)
	}
}

func (c *contest) tell(next *contestant) {
	if c.progress == nil {
		return
	}
	done := max(float64(time.Since(c.begun))/float64(max(c.time, 1)), float64(c.held)/float64(max(c.rounds, 1)))
	c.progress(min(done, 1), next.name)
}

// took takes the result of one turn.
func (one *contestant) took(values []float64, err error) {
	for _, v := range values {
		if err == nil && (v < 0 || math.IsNaN(v) || math.IsInf(v, 0)) {
			err = fmt.Errorf("BUG: measured %v", v)
		}
	}
	if err != nil {
		one.err = err
		return
	}
	if one.values == nil {
		one.values = make([][]float64, len(values))
	}
	for i, v := range values {
		one.values[i] = append(one.values[i], v)
	}
}

// of is the rounds' values of one quantity. Before the first round it is that
// of the warm-up.
func (one *contestant) of(i int) []float64 {
	switch {
	case one == nil || one.err != nil:
		return nil
	case i < len(one.values):
		return one.values[i]
	case len(one.values) == 0 && i < len(one.first):
		return one.first[i : i+1]
	}
	return nil
}

// missing is why there are no values.
func (one *contestant) missing() string {
	switch {
	case one.err != nil:
		return one.err.Error()
	case len(one.values) == 0 && len(one.first) == 0:
		return "the run was ended before"
	}
	return ""
}
