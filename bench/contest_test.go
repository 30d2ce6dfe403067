package bench_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// subject is one of the things that are compared.
type subject struct {
	name string
	run  func() (sample, error)
}

// contest runs subjects in rounds.
type contest struct {
	rounds, runs int // rounds that count, and runs of a subject in each
	pause        time.Duration
	subjects     []subject
}

// hold runs one round that is dropped and those that count, and gives each
// subject's series.
func (c *contest) hold() ([]series, error) {
	results := make([]series, len(c.subjects))
	order := make([]int, len(c.subjects))
	for i := range order {
		order[i] = i
	}
	for round := range c.rounds + 1 {
		for _, i := range order {
			block, err := c.block(&c.subjects[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.subjects[i].name, err)
			}
			if round > 0 {
				results[i] = append(results[i], block)
			}
		}
		slices.Reverse(order)
	}
	return results, nil
}

// block is one subject's runs of one round.
func (c *contest) block(s *subject) ([]sample, error) {
	runtime.GC() // what one subject leaves behind is not the next one's to clear
	list := make([]sample, 0, c.runs)
	for range c.runs {
		if c.pause > 0 {
			time.Sleep(c.pause)
		}
		got, err := s.run()
		if err != nil {
			return nil, err
		}
		list = append(list, got)
	}
	return list, nil
}

// measure holds the contest once per iteration and gives all rounds together.
// Its time is no figure, so none is shown for it.
func (c *contest) measure(b *testing.B) []series {
	b.Helper()
	all := make([]series, len(c.subjects))
	for b.Loop() {
		results, err := c.hold()
		if err != nil {
			b.Fatal(err)
		}
		for i := range all {
			all[i] = append(all[i], results[i]...)
		}
	}
	b.ReportMetric(0, "ns/op")
	return all
}

// compare measures bare, the first subject, and others, and reports one
// quantity of each and its ratio to bare. Where there are several others, their
// names are in their units.
func (c *contest) compare(b *testing.B, unit string, of func(sample) float64) []series {
	b.Helper()
	all := c.measure(b)
	c.report(b, all, unit, "ratio", of)
	return all
}

// report shows one quantity of measured subjects, under the names given.
func (c *contest) report(b *testing.B, all []series, unit, ratio string, of func(sample) float64) {
	b.Helper()
	bare := all[0].medians(of)
	b.ReportMetric(median(bare), c.subjects[0].name+"-"+unit)
	line := []string{fmt.Sprintf("%s %s %s", c.subjects[0].name, spread(bare), unit)}
	for i := 1; i < len(all); i++ {
		name, suffix := c.subjects[i].name, ""
		if len(all) > 2 {
			suffix = "-" + name
		}
		held := all[i].medians(of)
		over, calm := ratios(held, bare), all[i].calm(of)/all[0].calm(of)
		b.ReportMetric(median(held), name+"-"+unit)
		b.ReportMetric(median(over), ratio+suffix)
		b.ReportMetric(calm, "calm-"+ratio+suffix)
		line = append(line, fmt.Sprintf("%s %s %s, %s %s, calm %.4g", name, spread(held), unit, ratio, spread(over), calm))
	}
	b.Logf("%s (%d rounds of %d; load %s)", strings.Join(line, "; "), len(bare), c.runs, load())
}

// load is the machine's load average of the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func TestContest(t *testing.T) {
	var order []string
	turn := func(name string) subject {
		return subject{name, func() (sample, error) {
			order = append(order, name)
			return sample{value: float64(len(order))}, nil
		}}
	}
	c := contest{rounds: 2, runs: 2, subjects: []subject{turn("a"), turn("b")}}
	results, err := c.hold()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ""), "aabbbbaaaabb"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if got, want := results[0].medians(value), []float64{7.5, 9.5}; !slices.Equal(got, want) {
		t.Errorf("medians of a = %v, want %v: the first round does not count", got, want)
	}
	broken := errors.New("broken")
	c.subjects = append(c.subjects, subject{"c", func() (sample, error) { return sample{}, broken }})
	if _, err := c.hold(); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}
