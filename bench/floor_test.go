package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"warder/bench"
)

// BenchmarkFloor is what the library measures beside the same loops in C, in
// one interleaved run: figures should be within 15% of the floor's. The rest
// of testdata/floor.c is in `warder bench --floor`.
func BenchmarkFloor(b *testing.B) {
	live(b)
	tool, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip(err)
	}
	path := filepath.Join(scratch, "floor")
	said, err := exec.Command(tool, "-O2", "-static", "-o", path, filepath.Join("testdata", "floor.c")).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, said)
	}
	cores, err := bench.ChooseCores()
	if err != nil {
		b.Fatal(err)
	}
	var rows []bench.Row
	for _, row := range bench.Mechanisms(cores) {
		switch row.Name {
		case "native", "native-read", "strict-read", "filter-allow", "filter-argument", "filter-errno", "trap", "notify",
			"trace", "trace-info", "trace-regs", "trace-info-64", "syscall", "sysemu":
			rows = append(rows, row)
		}
	}
	rows, err = bench.Floor(b.Context(), path, cores, append(rows, bench.Engines()...))
	if err != nil {
		b.Fatal(err)
	}
	var report *bench.Report
	for b.Loop() {
		if report, err = bench.Run(b.Context(), rows, bench.Options{Time: 30 * time.Second, Cores: cores}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, f := range report.Figures {
		if f.Over != nil {
			b.ReportMetric(f.Over.Median, f.Name+"-over-C")
		}
	}
	// A benchmark's log is cut after ten lines.
	if err := report.WriteText(os.Stderr); err != nil {
		b.Fatal(err)
	}
}
