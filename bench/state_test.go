package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/snapshot"
	"warder/tracer"
)

// residentConfig is a session of a program with so much in memory.
func residentConfig(b *testing.B, mib, pages int) tracer.Config {
	b.Helper()
	compute, err := rules.Profile("compute")
	if err != nil {
		b.Fatal(err)
	}
	return tracer.Config{
		Path: testprog.Program(b, "resident"), Args: []string{"resident", fmt.Sprint(mib), fmt.Sprint(pages)}, Policy: compute,
		Limits: tracer.Limits{CPU: tracer.Unlimited, Wall: tracer.Unlimited, Memory: tracer.Unlimited},
		Watch:  tracer.Watch{Calls: []string{"getppid", "getuid"}},
	}
}

// BenchmarkRewind takes a process back to a mark: how long it stands still for
// that, and how often a second it can be done.
func BenchmarkRewind(b *testing.B) {
	testutil.Require(b, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	for _, c := range []struct{ mib, pages, times int }{{1024, 2, 200}, {1024, 1000, 200}, {10, 2560, 10000}} {
		b.Run(fmt.Sprintf("resident=%dMiB/written=%d", c.mib, c.pages), func(b *testing.B) {
			for b.Loop() {
				var base *snapshot.Base
				var freezes []time.Duration
				var began time.Time
				var first, last uint64
				cfg := residentConfig(b, c.mib, c.pages)
				cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
					name, _ := e.Call.Arch.Name(e.Call.Nr)
					var err error
					switch {
					case name == "getppid" && base == nil:
						base, _, err = snapshot.Mark(context.Background(), f)
						began, first = time.Now(), ownMemory(b)
					case name == "getuid" && len(freezes) < c.times:
						var r *snapshot.Rewound
						if r, err = base.Rewind(f); err == nil {
							freezes = append(freezes, r.Freeze)
						}
					case name == "getuid":
						last = ownMemory(b)
						f.End("done")
					}
					if err != nil {
						f.Fail(err)
					}
				}
				r, err := tracer.Run(context.Background(), &cfg)
				if err != nil || r.Outcome != tracer.Halted {
					b.Fatalf("%v %v", r, err)
				}
				rate := float64(len(freezes)) / time.Since(began).Seconds()
				if err := base.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(middle(freezes).Microseconds()), "us/rewind")
				b.ReportMetric(rate, "rewinds/s")
				b.ReportMetric((float64(last)-float64(first))/(1<<20), "MiB-grown")
			}
		})
	}
}

// ownMemory is what this process has resident, in bytes.
func ownMemory(b *testing.B) uint64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		b.Fatal(err)
	}
	return resident * uint64(os.Getpagesize())
}

// BenchmarkResume makes new processes of a snapshot of 100 MiB: by mapping it,
// launch included, to the program's first own instruction.
func BenchmarkResume(b *testing.B) {
	testutil.Require(b, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	file := filepath.Join("/dev/shm", fmt.Sprintf("warder-bench-%d.core", os.Getpid()))
	defer os.Remove(file)
	cfg := residentConfig(b, 100, 1)
	cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
		_, err := snapshot.Capture(context.Background(), f, file, &snapshot.Config{Method: snapshot.StopCopy, Files: true, NoSync: true})
		if err != nil {
			f.Fail(err)
		}
		f.End("taken")
	}
	if r, err := tracer.Run(context.Background(), &cfg); err != nil || r.Outcome != tracer.Halted {
		b.Fatalf("%v %v", r, err)
	}
	var whole, resume []time.Duration
	for b.Loop() {
		for range 20 {
			w, r := resumeOnce(b, file)
			whole, resume = append(whole, w), append(resume, r)
		}
	}
	b.ReportMetric(float64(middle(resume).Microseconds())/1000, "ms/resume")
	b.ReportMetric(float64(middle(whole).Microseconds())/1000, "ms/open-launch-resume")
}

// BenchmarkFork is for how long a program of 1 GiB stands still when a copy of
// it is what is read.
func BenchmarkFork(b *testing.B) {
	testutil.Require(b, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	file := filepath.Join("/dev/shm", fmt.Sprintf("warder-bench-%d.core", os.Getpid()))
	defer os.Remove(file)
	const each = 5
	var freezes, totals []time.Duration
	for b.Loop() {
		cfg := residentConfig(b, 1024, 1000)
		var p *snapshot.Pending
		wait := func() {
			r, err := p.Wait()
			if err != nil || r.Method != snapshot.ForkCopy {
				b.Errorf("%+v, %v", r, err)
				return
			}
			freezes, totals = append(freezes, r.Freeze), append(totals, r.Total)
		}
		cfg.Hooks.Event = func(f *tracer.Frozen, _ *tracer.Event) {
			if p != nil {
				wait() // one at a time
			}
			var err error
			if p, err = snapshot.Begin(context.Background(), f, file, &snapshot.Config{NoSync: true}); err != nil {
				f.Fail(err)
			}
			if len(freezes)%each == each-1 {
				f.End("enough")
			}
		}
		if r, err := tracer.Run(context.Background(), &cfg); err != nil || r.Outcome != tracer.Halted {
			b.Fatalf("%v %v", r, err)
		}
		wait()
	}
	b.ReportMetric(float64(middle(freezes).Microseconds())/1000, "freeze-ms")
	b.ReportMetric(float64(middle(totals).Microseconds())/1000, "total-ms")
}

func resumeOnce(b *testing.B, file string) (whole, resume time.Duration) {
	b.Helper()
	begin := time.Now()
	core, err := snapshot.Open(file, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer core.Close()
	image, err := snapshot.Anchor(core)
	if err != nil {
		b.Fatal(err)
	}
	fd, err := unix.MemfdCreate("resumed", unix.MFD_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	anchor := os.NewFile(uintptr(fd), "resumed")
	defer anchor.Close()
	if _, err := anchor.Write(image); err != nil {
		b.Fatal(err)
	}
	cfg := residentConfig(b, 0, 0)
	cfg.Path, cfg.Args, cfg.Keep = fmt.Sprintf("/proc/self/fd/%d", fd), []string{"resumed"}, core.File()
	cfg.Watch.Entry = true
	cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
		if e.Kind != tracer.EntryEvent {
			f.End("it runs") // it has come to its next call
			whole = time.Since(begin)
			return
		}
		at := time.Now()
		if _, err := snapshot.Resume(f, core); err != nil {
			f.Fail(err)
		}
		resume = time.Since(at)
	}
	r, err := tracer.Run(context.Background(), &cfg)
	if err != nil || r.Outcome != tracer.Halted || !strings.Contains(r.Message, "it runs") {
		b.Fatalf("%v %v", r, err)
	}
	return whole, resume
}

func middle(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
