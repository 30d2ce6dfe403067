package bench_test

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"warder/tracer"
)

// BenchmarkFlat is sessions of the empty program, four at a time, in one
// supervisor: go test ./bench -bench Flat -benchtime 100000x. What the
// supervisor has in memory, goroutines and descriptors grows by, from the
// first tenth to the end, should be nothing.
func BenchmarkFlat(b *testing.B) {
	live(b)
	empty := programOf(b, "empty")
	held := func(n int) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range n / 4 {
					r, err := tracer.Run(context.Background(), &tracer.Config{Path: empty})
					if err != nil || r.Outcome != tracer.OK {
						b.Error(r, err)
						return
					}
				}
			})
		}
		group.Wait()
	}
	held(b.N / 10)
	memory, descriptors, goroutines := footprint(b)
	held(b.N)
	m, d, g := footprint(b)
	b.ReportMetric(float64(m-memory), "KiB-grown")
	b.ReportMetric(float64(m), "KiB")
	b.ReportMetric(float64(d-descriptors), "descriptors-grown")
	b.ReportMetric(float64(g-goroutines), "goroutines-grown")
}

// footprint is what this process has without idle workers, after a collection.
func footprint(b *testing.B) (memory, descriptors, goroutines int) {
	tracer.CloseIdle()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if memory, err = strconv.Atoi(strings.Fields(rest)[0]); err != nil {
		b.Fatal(err)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		b.Fatal(err)
	}
	return memory, len(files), runtime.NumGoroutine()
}
