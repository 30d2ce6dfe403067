package bench_test

import (
	"testing"

	"warder/tracer"
)

// BenchmarkCompute is a program that computes for a third of a second, often:
// on a shared machine many short rounds say more than a few long ones. Its
// launch is in it. The target is a ratio of at most 1.01, and no stop after the
// entry point.
func BenchmarkCompute(b *testing.B) {
	live(b)
	for _, p := range []struct {
		name    string
		dynamic bool
		argv    []string
	}{
		{"cached", false, []string{workload(b, "sieve"), "900"}},
		{"memory", true, []string{programOf(b, "sieve"), "20000000", "2"}},
	} {
		b.Run(p.name, func(b *testing.B) {
			b.Cleanup(tracer.CloseIdle)
			c := contest{rounds: 60, runs: 1, subjects: []subject{
				bare(b, p.argv...),
				heldCounting("held", p.dynamic, tracer.Config{Path: p.argv[0], Args: p.argv}),
			}}
			all := c.measure(b)
			c.report(b, all, "cpu-us", "cpu-ratio", cpu)
			c.report(b, all, "us", "ratio", wall)
			b.ReportMetric(median(all[1].medians(stops)), "main-stops")
		})
	}
}

// BenchmarkWrites is a million writes of one byte to /dev/null. The target is
// a ratio of at most 1.10 for held; filtered is what no filter can be below.
func BenchmarkWrites(b *testing.B) {
	live(b)
	argv := []string{programOf(b, "writes"), "1000000"}
	c := contest{rounds: 11, runs: 2, subjects: []subject{
		bare(b, argv...),
		heldCounting("held", true, tracer.Config{Path: argv[0], Args: argv, Stdout: nullFile(b)}),
		as("filtered", bare(b, append([]string{workload(b, "filtered")}, argv...)...)),
	}}
	all := c.compare(b, "us", wall)
	c.report(b, all, "cpu-us", "cpu-ratio", cpu)
	b.ReportMetric(median(all[1].medians(stops)), "main-stops")
}
