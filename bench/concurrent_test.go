package bench_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"warder/tracer"
)

// together runs a subject so many times, some at a time, as one run whose
// value is the time that each of them took of the whole, in microseconds.
func together(s subject, atOnce, times int) subject {
	return subject{s.name, func() (sample, error) {
		var group sync.WaitGroup
		failures := make(chan error, atOnce)
		start := time.Now()
		for range atOnce {
			group.Go(func() {
				for range times / atOnce {
					if _, err := s.run(); err != nil {
						failures <- err
						return
					}
				}
			})
		}
		group.Wait()
		took := time.Since(start)
		close(failures)
		var err error
		for failure := range failures {
			err = errors.Join(err, failure)
		}
		return sample{wall: took, value: wall(sample{wall: took}) / float64(times)}, err
	}}
}

// BenchmarkConcurrent is sessions of an empty program, many at a time: the
// smallest there can be, and a static C program.
func BenchmarkConcurrent(b *testing.B) {
	live(b)
	for _, program := range []string{"empty", "emptylibc"} {
		path := programOf(b, program)
		for _, atOnce := range []int{1, 2, 8, 64} {
			b.Run(program+"/"+strconv.Itoa(atOnce), func(b *testing.B) {
				b.Cleanup(tracer.CloseIdle)
				times := max(1024, 4*atOnce) // stubs are started by the first few
				c := contest{rounds: 15, runs: 1, subjects: []subject{
					together(bare(b, path), atOnce, times),
					together(held("held", tracer.Config{Path: path}), atOnce, times),
				}}
				all := c.compare(b, "us/program", value)
				for i, s := range c.subjects {
					b.ReportMetric(1e6/median(all[i].medians(value)), s.name+"/s")
				}
			})
		}
	}
}

// BenchmarkThreads is a program that makes and joins a thousand threads. A
// joined thread counts as a task until its tracer has seen it dead, so the
// limit of tasks is out of the way.
func BenchmarkThreads(b *testing.B) {
	live(b)
	const threads = 1000
	argv := []string{workload(b, "threads"), strconv.Itoa(threads)}
	c := contest{rounds: 11, runs: 2, subjects: []subject{
		bare(b, argv...),
		held("held", tracer.Config{Path: argv[0], Args: argv, Limits: tracer.Limits{Processes: 2 * threads}}),
	}}
	all := c.compare(b, "us", wall)
	b.ReportMetric(median(all[1].medians(stops))/threads, "stops/thread")
}
