package snapshot_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"warder/internal/testutil"
	"warder/snapshot"
)

// resident is a process of so many MiB.
func resident(b *testing.B, mib, dirty, reserved int) *tracee {
	b.Helper()
	return start(b, compile(b, "resident.c", "-O2"), strconv.Itoa(mib), strconv.Itoa(dirty), strconv.Itoa(reserved))
}

// memoryDir is a directory whose files are in memory: what is measured is not
// a disk.
func memoryDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "warder-bench-")
	if err != nil {
		dir = b.TempDir()
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// gcore is gdb's own, without our tracing: it takes the process when ours has
// let it go.
func gcore(b *testing.B, tr *tracee, dir string) time.Duration {
	b.Helper()
	path := filepath.Join(dir, "gcore")
	begin := time.Now()
	out, err := exec.Command("gcore", "-o", path, strconv.Itoa(tr.pid)).CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		b.Fatalf("gcore: %v\n%s", err, out)
	}
	if err := os.Remove(path + "." + strconv.Itoa(tr.pid)); err != nil {
		b.Fatal(err)
	}
	return took
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// BenchmarkGcore is a whole core file of 1 GiB, ours and gcore's in turn.
// gcore has no live tracee to release, so each of ours lets its own go.
func BenchmarkGcore(b *testing.B) {
	testutil.Require(b, testutil.GDB)
	for _, test := range []struct {
		name     string
		method   snapshot.Method
		reserved int
		gcore    bool
	}{
		{"stop", snapshot.StopCopy, 0, true},
		{"reserved64GiB", snapshot.StopCopy, 64, false},
	} {
		b.Run(test.name, func(b *testing.B) {
			tr := resident(b, 1024, 0, test.reserved)
			dir := memoryDir(b)
			var ours, theirs, freeze, ratio, size []float64
			for range b.N {
				for range 5 {
					path := filepath.Join(dir, "ours")
					r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: test.method})
					if err != nil {
						b.Fatal(err)
					}
					if err := os.Remove(path); err != nil {
						b.Fatal(err)
					}
					tr.letGo(b)
					ours, freeze, size = append(ours, ms(r.Total)), append(freeze, ms(r.Freeze)), append(size, float64(r.Written)/1e6)
					if test.gcore {
						theirs = append(theirs, ms(gcore(b, tr, dir)))
						ratio = append(ratio, ours[len(ours)-1]/theirs[len(theirs)-1])
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ours), "ours-ms")
			b.ReportMetric(median(freeze), "freeze-ms")
			b.ReportMetric(median(size), "written-MB")
			if test.gcore {
				b.ReportMetric(median(theirs), "gcore-ms")
				b.ReportMetric(median(ratio), "ratio")
			}
		})
	}
}

// BenchmarkFreeze is how long 1 GiB stands still of which 1,000 pages are
// written again and again: copied while it runs, and stopped.
func BenchmarkFreeze(b *testing.B) {
	for _, test := range []struct {
		name     string
		method   snapshot.Method
		reserved int
	}{
		{"running", snapshot.PreCopy, 0},
		{"running-reserved64GiB", snapshot.PreCopy, 64},
		{"stopped", snapshot.StopCopy, 0},
	} {
		b.Run(test.name, func(b *testing.B) {
			tr := resident(b, 1024, 1000, test.reserved)
			path := filepath.Join(memoryDir(b), "core")
			var freeze, total, late, rounds []float64
			for range b.N {
				for range 5 {
					r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: test.method})
					if err != nil {
						b.Fatal(err)
					}
					freeze, total = append(freeze, ms(r.Freeze)), append(total, ms(r.Total))
					late, rounds = append(late, float64(r.Late)), append(rounds, float64(r.Rounds))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(freeze), "freeze-ms")
			b.ReportMetric(freeze[0], "least-freeze-ms")
			b.ReportMetric(median(total), "total-ms")
			b.ReportMetric(median(late), "late-pages")
			b.ReportMetric(median(rounds), "rounds")
		})
	}
}

// BenchmarkIncrement is a snapshot of 1,000 pages of 1 GiB, on one before it.
func BenchmarkIncrement(b *testing.B) {
	tr := resident(b, 1024, 1000, 0)
	watch := track(b, tr)
	dir := memoryDir(b)
	cfg := &snapshot.Config{Tracker: watch}
	if _, err := snapshot.Capture(context.Background(), tr, filepath.Join(dir, "full"), cfg); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "increment")
	var freeze, total, pages []float64
	for b.Loop() {
		time.Sleep(5 * time.Millisecond) // the process has had a round of its writes
		r, err := snapshot.Capture(context.Background(), tr, path, cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(path); err != nil { // a new file: freeing an old one is not part of it
			b.Fatal(err)
		}
		if r.Pages < 1000 {
			continue
		}
		freeze, total, pages = append(freeze, ms(r.Freeze)), append(total, ms(r.Total)), append(pages, float64(r.Pages))
	}
	b.ReportMetric(median(freeze), "freeze-ms")
	b.ReportMetric(median(total), "total-ms")
	b.ReportMetric(total[0], "least-total-ms")
	b.ReportMetric(median(pages), "pages")
}
