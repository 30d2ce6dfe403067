package bench_test

import (
	"strconv"
	"testing"

	"warder/rules"
	"warder/tracer"
)

const traced = `name: traced
base: compute
syscalls:
  - call: getppid
    action: trace
`

// BenchmarkStop is one call, by each way in which it can be held.
func BenchmarkStop(b *testing.B) {
	live(b)
	stopping, err := rules.Parse("traced.yaml", []byte(traced), rules.ParseOptions{})
	if err != nil {
		b.Fatal(err)
	}
	calls, filtered := workload(b, "calls"), workload(b, "filtered")
	for _, way := range []struct {
		name   string
		call   string
		calls  int
		policy *rules.Policy
		engine tracer.Engine
	}{
		{"number", "getppid", 200_000, nil, tracer.Hybrid},
		{"argument", "fcntl", 200_000, nil, tracer.Hybrid},
		{"hybrid", "getppid", 5000, stopping, tracer.Hybrid},
		{"ptrace", "getppid", 5000, nil, tracer.Ptrace},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.Cleanup(tracer.CloseIdle)
			argv := func(n int) []string { return []string{calls, strconv.Itoa(n), way.call} }
			c := contest{rounds: 15, runs: 3, subjects: []subject{
				barePiped(b, number, argv(200_000)...),
				heldPrinting("held", tracer.Config{Path: calls, Args: argv(way.calls), Policy: way.policy, Engine: way.engine}),
			}}
			if way.engine == tracer.Hybrid && way.policy == nil {
				c.subjects = append(c.subjects, as("filtered",
					barePiped(b, number, append([]string{filtered}, argv(way.calls)...)...)))
			}
			all := c.compare(b, "ns/call", value)
			b.ReportMetric(median(all[1].medians(stops))/float64(way.calls), "stops/call")
		})
	}
}
