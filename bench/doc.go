// Package bench measures what supervision costs, side by side with none.
//
// As a library it is behind `warder bench`. Run measures rows: what a call
// costs under a mechanism of Linux (Mechanisms), in a session of warder's
// (Engines), under another supervisor (Tools), and in C (Floor). Compare
// measures a program, bare and under each engine. Both give a Report, which
// writes itself as text, JSON, CSV, Go's benchmark format, SVG and HTML; what
// is written depends on nothing but the report.
//
// Mechanisms are measured by meters: processes of a few hundred bytes of
// machine code that walk a script of system calls, one that makes the calls
// and, where there is one, its supervisor. So no compiler is needed, Go's
// runtime is in none of it, and what a row does at a call is its script. A
// meter takes the time itself, by the vDSO, which needs no call.
//
// A median has an interval that holds it with 95% confidence: two of the
// rounds' values, by order statistics, whatever their distribution. Where it
// is wide, or the machine did much else meanwhile, the verdict is TooNoisy.
//
// Limits of the library: x86-64 only so far, ErrNotSupported elsewhere. Rows
// whose supervisor is on another core need two. What is measured is this
// machine now; only ratios within one run mean something elsewhere. A program
// must end with status 0, and what it prints is discarded.
//
// The rest is about this package's benchmarks:
//
//	go test ./bench -bench . -benchtime 1x     everything, below five minutes
//	go test ./bench -bench Launch/static       one figure
//	go test ./bench                            the library's tests
//
// # How
//
// A figure compares subjects: a program started by nothing but fork, execve
// and wait4 (bare), and the same program held. Subjects run in rounds. In each
// round every subject has its runs in one block, and each round turns the
// order round, so that a machine that gets slower meanwhile does so for all. A
// block and not single runs in turn: a session's worker makes the child of the
// next session after it has handed out its result, and in a block that work
// is in what the next run takes; between two bare runs it would be for free.
// The first round warms caches, pages and workers, and is dropped. A round
// gives one median for each subject; reported is the median of those, and for
// ratio the median of the rounds' own ratios, which noise that lasts longer
// than a round does not move. calm ratios are of the fast end (the twentieth
// part) of all runs, which what else runs on the machine moves least. The line
// below each result has the quartiles over the rounds: where they are far
// apart, the machine was not quiet and the figure is worth little. An iteration
// (b.N) is one whole series of rounds; more iterations give more rounds, never
// longer ones.
//
// # What the figures mean
//
//   - Launch: from the call of tracer.Run to its return, in a process that
//     holds programs one after another, against syscall.ForkExec and Wait4.
//     static is the smallest program there is, so the figure is launch, end
//     and nothing else. spaced leaves time between runs: what one session
//     takes when the child was made ahead. cold has no worker yet. against
//     pinned, the bare run has its thread and child on one core, as a session
//     has them: how much of a ratio is placement.
//   - Command: the whole of `warder run`, whose own start is most of it;
//     version is that start alone, and go that of a Go program without work.
//   - Compute: CPU time (user and system, of the program, as the kernel counts
//     it) and wall time of a program that only computes. main-stops are the
//     stops after the entry point.
//   - Writes: a million calls that the filter allows by number alone.
//   - Stop: nanoseconds per call, by the program's own clock, so without its
//     launch; stops/call tells apart the ways in which a call is held.
//     filtered, here and for Writes, is the bare program under a filter of one
//     instruction that allows everything: what seccomp itself costs.
//   - Concurrent: programs per second, of so many at a time.
//   - Threads: a thread made and joined, a thousand times in sequence.
//   - Floor: rows of the library beside the same loops in C (testdata/floor.c),
//     in one interleaved run; its table goes to standard error.
//
// # What they do not mean
//
// They are of this machine, and of what else ran on it: compare ratios, not
// microseconds, and only within one run. Launch has no output pipe but where
// it says so, and no observer; an Observer, a Hook or a log costs extra. The
// bare run has none of a session's walls, but it is also not free of Go: both
// sides pay for the runtime's scheduler. Peak memory and the CPU time that the
// supervisor itself takes on another core are not measured; Concurrent, which
// loads all cores, shows the latter.
package bench
