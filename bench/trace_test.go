package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"warder/internal/testutil"
)

// Calls of the programs that are traced. Strace takes a second for them where the
// program is on another core, and a tenth where the machine is busy and it is not.
const (
	tracedCalls  = 4_000
	tracedBytes  = 2_000 // each is read and written
	tracedRounds = 20
)

// BenchmarkTrace is warder trace, the whole command, beside strace. The base is
// warder, so that a ratio of strace is how many times faster warder is: the
// target is at least 3 for all calls of a program that makes little else, and
// for their count (-c). For one rare call of a program that works, rare, the
// base is the program bare, and the target is at most 1.05.
func BenchmarkTrace(b *testing.B) {
	live(b)
	testutil.Require(b, testutil.Strace)
	warder, calls, text := command(b), workload(b, "calls"), tracedText(b)
	strace, dd, gzip := lookPath(b, "strace"), lookPath(b, "dd"), lookPath(b, "gzip")

	getppid := []string{calls, strconv.Itoa(tracedCalls)}
	bytes := []string{dd, "if=/dev/zero", "of=/dev/null", "bs=1", "count=" + strconv.Itoa(tracedBytes), "status=none"}
	under := func(name, tool string, words, argv []string) subject {
		line := append(append([]string{tool}, words...), "--")
		return as(name, bare(b, append(line, argv...)...))
	}
	both := func(name string, argv []string, ours, theirs []string) {
		b.Run(name, func(b *testing.B) {
			c := contest{rounds: tracedRounds, runs: 1, subjects: []subject{
				under("warder", warder, ours, argv), under("strace", strace, theirs, argv), bare(b, argv...),
			}}
			c.compare(b, "us", wall)
		})
	}
	toNull := []string{"trace", "-o", "/dev/null"}
	both("calls", getppid, toNull, []string{"-f", "-o", "/dev/null"})
	both("bytes", bytes, toNull, []string{"-f", "-o", "/dev/null"})
	both("calls-summary", getppid, append(toNull, "-c"), []string{"-f", "-c", "-o", "/dev/null"})
	both("bytes-summary", bytes, append(toNull, "-c"), []string{"-f", "-c", "-o", "/dev/null"})

	b.Run("rare", func(b *testing.B) {
		work := []string{gzip, "-9", "-c", text}
		c := contest{rounds: tracedRounds, runs: 1, subjects: []subject{
			bare(b, work...),
			under("warder", warder, append(toNull, "-e", "trace=openat"), work),
			under("strace-bpf", strace, []string{"-f", "--seccomp-bpf", "-e", "trace=openat", "-o", "/dev/null"}, work),
		}}
		c.compare(b, "us", wall)
	})
}

// tracedText is a file that gzip works on for most of a second.
func tracedText(b *testing.B) string {
	b.Helper()
	path := filepath.Join(scratch, "traced.txt")
	var text []byte
	for i, x := 0, uint64(1); i < 120_000; i++ {
		x = x * 16807 % 2147483647
		text = append(strconv.AppendUint(append(text, "word"...), x%5000, 10), ' ')
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

func lookPath(b *testing.B, name string) string {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Skip(err)
	}
	return path
}
