package bench_test

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"warder/rules"
	"warder/tracer"
)

// suiteProgram is a program that computes for a fraction of a second.
type suiteProgram struct {
	name   string
	argv   []string
	stdin  string        // a file, or ""
	policy *rules.Policy // nil: compute
}

// suite is the programs of bench/suite with a third of the work: on a shared
// machine many short rounds say more than a few long ones. One that is not
// installed is left out, and told of.
func suite(b *testing.B) []suiteProgram {
	numbers, text := inputs(b)
	digits := filepath.Join(scratch, "digits.py")
	const pi = `
q, r, t, k, n, l, out = 1, 0, 1, 1, 3, 3, 0
while out < 1700:
    if 4 * q + r - t < n * t:
        out += 1
        q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
    else:
        q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2
`
	if err := os.WriteFile(digits, []byte(pi), 0o644); err != nil {
		b.Fatal(err)
	}
	words := once(b, "words", "workloads", "g++", "-O2", "-std=c++17", "words.cc")
	matrix := once(b, "matrix", "workloads", "gcc", "-O2", "matrix.c")
	queens := once(b, "queens", "workloads", "go", "queens.go")
	list := []suiteProgram{
		{name: "sort", argv: []string{"sort", "-n"}, stdin: numbers},
		{name: "gzip", argv: []string{"gzip", "-c"}, stdin: numbers},
		{name: "sha256sum", argv: []string{"sha256sum"}, stdin: text},
		{name: "awk", argv: []string{"awk", "{ n += NF } END { print n }"}, stdin: text},
		{name: "python3", argv: []string{"/usr/bin/python3", "-"}, stdin: digits, policy: profile(b, "runtime")},
		{name: "sieve", argv: []string{workload(b, "sieve"), "900"}},
		{name: "matrix", argv: []string{matrix, "800"}},
		{name: "words", argv: []string{words}, stdin: text},
		{name: "queens", argv: []string{queens, "10"}},
	}
	var found []suiteProgram
	for _, p := range list {
		path, err := exec.LookPath(p.argv[0])
		if err != nil {
			b.Logf("%s is left out: %v", p.name, err)
			continue
		}
		p.argv[0] = path
		found = append(found, p)
	}
	return found
}

// inputs are the same files each time: numbers that look random, and text.
func inputs(b *testing.B) (numbers, text string) {
	rng := rand.New(rand.NewPCG(1, 2))
	write := func(name string, times int, line func(w *bufio.Writer)) string {
		path := filepath.Join(scratch, name)
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		w := bufio.NewWriter(f)
		for range times {
			line(w)
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		return path
	}
	numbers = write("numbers", 400_000, func(w *bufio.Writer) { fmt.Fprintln(w, rng.Uint32()) })
	text = write("text", 250_000, func(w *bufio.Writer) {
		for range 12 {
			fmt.Fprintf(w, "word%d ", rng.IntN(5000))
		}
		fmt.Fprintln(w)
	})
	return numbers, text
}

// from is a run with a file for standard input, opened anew.
func (p *suiteProgram) from(b *testing.B, run func(stdin *os.File) (sample, error)) func() (sample, error) {
	return func() (sample, error) {
		if p.stdin == "" {
			return run(nullFile(b))
		}
		f, err := os.Open(p.stdin)
		if err != nil {
			return sample{}, err
		}
		defer f.Close()
		return run(f)
	}
}

// BenchmarkSuite is programs that compute, bare and held in turns: wall time
// with the start-up in it, and the geometric mean of the ratios, whose interval
// comes of drawing rounds again. The target is 1.01.
func BenchmarkSuite(b *testing.B) {
	live(b)
	list := suite(b)
	null := nullFile(b)
	perProgram := make([][]float64, len(list))
	for i, p := range list {
		b.Run(p.name, func(b *testing.B) {
			b.Cleanup(tracer.CloseIdle)
			cfg := tracer.Config{Path: p.argv[0], Args: p.argv, Policy: p.policy, Stdout: null, Stderr: null, Limits: tracer.Limits{Memory: 1 << 30}}
			c := contest{rounds: 30, runs: 1, subjects: []subject{
				{"bare", p.from(b, func(stdin *os.File) (sample, error) { return spawn(p.argv, stdin.Fd(), null.Fd()) })},
				{"held", p.from(b, func(stdin *os.File) (sample, error) {
					cfg := cfg
					cfg.Stdin = stdin
					return hold(cfg)
				})},
			}}
			all := c.compare(b, "us", wall)
			b.ReportMetric(median(all[1].medians(stops)), "stops")
			perProgram[i] = ratios(all[1].medians(wall), all[0].medians(wall))
		})
	}
	geometric := func(pick func(values []float64) float64) float64 {
		sum, n := 0.0, 0
		for _, values := range perProgram {
			if len(values) > 0 {
				sum += math.Log(pick(values))
				n++
			}
		}
		return math.Exp(sum / float64(n))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var drawn []float64
	for range 1000 {
		drawn = append(drawn, geometric(func(values []float64) float64 {
			again := make([]float64, len(values))
			for i := range again {
				again[i] = values[rng.IntN(len(values))]
			}
			return median(again)
		}))
	}
	b.Run("geometric-mean", func(b *testing.B) { // what a benchmark with others in it logs is not shown
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(geometric(median), "ratio")
		b.ReportMetric(quantile(drawn, 0.025), "ratio-low")
		b.ReportMetric(quantile(drawn, 0.975), "ratio-high")
	})
}
