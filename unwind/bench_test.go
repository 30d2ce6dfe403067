package unwind_test

import (
	"testing"

	"warder/unwind"
)

// BenchmarkBacktrace is the time of one trace of 13 frames, C++, in two files.
func BenchmarkBacktrace(b *testing.B) {
	tr := start(b, false, build(b, "inlined.cc", "-g", "-O2"))
	p, r := read(b, tr.pid)
	none := unwind.Config{DebugDirs: []string{}}
	b.Run("warm", func(b *testing.B) {
		u := unwind.New(none)
		u.Backtrace(p, r)
		b.ReportAllocs()
		for b.Loop() {
			u.Backtrace(p, r)
		}
	})
	// With the reading of the mappings.
	b.Run("live", func(b *testing.B) {
		u := unwind.New(none)
		u.Backtrace(p, r)
		b.ReportAllocs()
		for b.Loop() {
			p, err := unwind.Live(tr.pid)
			if err != nil {
				b.Fatal(err)
			}
			u.Backtrace(p, r)
		}
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			unwind.New(none).Backtrace(p, r)
		}
	})
	b.Run("cold with debug files", func(b *testing.B) {
		for b.Loop() {
			unwind.New(unwind.Config{}).Backtrace(p, r)
		}
	})
}

// BenchmarkGo is that of a Go program, 17 frames.
func BenchmarkGo(b *testing.B) {
	tr := start(b, true, build(b, "gochain"))
	p, r := read(b, tr.pid)
	b.Run("warm", func(b *testing.B) {
		u := unwind.New(unwind.Config{})
		u.Backtrace(p, r)
		b.ReportAllocs()
		for b.Loop() {
			u.Backtrace(p, r)
		}
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			unwind.New(unwind.Config{}).Backtrace(p, r)
		}
	})
}
