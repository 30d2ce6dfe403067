package bench_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"warder/memory"
	"warder/rules"
	"warder/tracer"
)

// TestLiveAllocations: a stop allocates nothing, whatever it is decided by and
// whatever a hook reads. What a session allocates as a whole is subtracted.
func TestLiveAllocations(t *testing.T) {
	live(t)
	stopping, err := rules.Parse("traced.yaml", []byte(traced), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	calls := workload(t, "calls")
	var buf [64]byte
	for _, way := range []struct {
		name string
		cfg  tracer.Config
	}{
		{"hybrid", tracer.Config{Policy: stopping}},
		{"ptrace", tracer.Config{Engine: tracer.Ptrace}},
		{"witness", tracer.Config{Trace: &tracer.Tracing{Witness: idle{}, Calls: []string{"getppid"}}}},
		{"observer", tracer.Config{Policy: stopping, Observer: blind{}}},
		{"memory", tracer.Config{Trace: &tracer.Tracing{Calls: []string{"getppid"}, Witness: idle{func(tid int) {
			_, _ = memory.Of(tid).ReadAt(buf[:], 0x400000)
		}}}}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Cleanup(tracer.CloseIdle)
			count := func(n int) float64 {
				cfg := way.cfg
				cfg.Path, cfg.Args = calls, []string{calls, strconv.Itoa(n), "getppid"}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r, err := tracer.Run(context.Background(), &cfg)
				runtime.ReadMemStats(&after)
				if err != nil || r.Outcome != tracer.OK {
					t.Fatal(r, err)
				}
				return float64(after.Mallocs - before.Mallocs)
			}
			const few, many = 100, 5100
			count(few)
			// Goroutines beside it allocate too: the least of several.
			least := count(many) - count(few)
			for range 5 {
				least = min(least, count(many)-count(few))
			}
			if per := least / (many - few); per > 0.02 {
				t.Errorf("%.3f allocations a stop", per)
			}
		})
	}
}
