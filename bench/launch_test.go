package bench_test

import (
	"io"
	"testing"
	"time"

	"warder/rules"
	"warder/tracer"
)

const (
	launchRounds = 30
	launchRuns   = 20
)

func profile(b *testing.B, name string) *rules.Policy {
	b.Helper()
	p, err := rules.Profile(name)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkLaunch is launch to end. The target is a ratio of at most 1.5 for an
// empty static program: static-libc is one as a C compiler makes it, static is
// the smallest that there can be, a third of the time of the other.
func BenchmarkLaunch(b *testing.B) {
	live(b)
	empty, libc, hello := programOf(b, "empty"), programOf(b, "emptylibc"), programOf(b, "hello")
	launch := func(name string, c contest) {
		b.Run(name, func(b *testing.B) {
			b.Cleanup(tracer.CloseIdle)
			if c.rounds == 0 {
				c.rounds = launchRounds
			}
			c.runs = launchRuns
			c.compare(b, "us", wall)
		})
	}
	simple := func(cfg tracer.Config) contest {
		if cfg.Path == "" {
			cfg.Path = empty
		}
		return contest{subjects: []subject{bare(b, cfg.Path), held("held", cfg)}}
	}
	launch("static-libc", simple(tracer.Config{Path: libc}))
	launch("static", simple(tracer.Config{}))
	launch("static-ptrace", simple(tracer.Config{Engine: tracer.Ptrace}))
	launch("static-seccomp", simple(tracer.Config{Engine: tracer.Seccomp, Policy: profile(b, "runtime")}))

	spaced := simple(tracer.Config{})
	spaced.pause = time.Millisecond
	launch("static-spaced", spaced)

	cold := simple(tracer.Config{})
	warm := cold.subjects[1].run
	cold.subjects[1].run = func() (sample, error) {
		tracer.CloseIdle()
		return warm()
	}
	launch("static-cold", cold)

	launch("static-pinned", contest{subjects: []subject{barePinned(b, empty), held("held", tracer.Config{Path: empty})}})

	launch("dynamic", contest{subjects: []subject{
		barePiped(b, discard, hello), held("held", tracer.Config{Path: hello, Stdout: io.Discard}),
	}})
	launch("dynamic-quiet", contest{subjects: []subject{
		bare(b, hello), held("held", tracer.Config{Path: hello}),
	}})
}

// BenchmarkCommand is the whole command. The target is a ratio of at most 5
// for run; go, a Go program that does nothing, is what none in Go can be below.
func BenchmarkCommand(b *testing.B) {
	live(b)
	warder, empty := command(b), programOf(b, "emptylibc")
	c := contest{rounds: 20, runs: 10, subjects: []subject{
		bare(b, empty),
		as("run", bare(b, warder, "run", "--", empty)),
		as("version", bare(b, warder, "version")),
		as("go", bare(b, nothing(b))),
	}}
	c.compare(b, "us", wall)
}
