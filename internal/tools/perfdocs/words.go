package main

import (
	"fmt"
	"strings"

	"warder/bench"
)

// howTo says how to repeat the measurements.
const howTo = "## To repeat it\n\n" +
	"    make bench-docs                      # this page: some nine minutes, on a machine that does nothing else\n" +
	"    warder bench                         # the first table, in a minute\n" +
	"    warder bench -- PROG ARGS            # your own program, bare and under each engine\n" +
	"    warder bench --go >new.txt           # for benchstat old.txt new.txt\n\n" +
	"`warder bench` needs no compiler. The floor in C is `bench/testdata/floor.c`, for `warder bench --floor FILE`.\n\n"

// meaning says what the figures are and are not.
const meaning = `## What the figures mean

A figure is the median of the rounds; the interval beside it holds that median with 95% confidence, whatever the distribution (order statistics). Rows take turns in each round, a process starts anew for each block of calls, and a ratio is the median of the rounds' own ratios, so that noise that lasts longer than a round is in both. *too noisy to tell*: the interval reaches further than a tenth to a side, or the machine did much else meanwhile.

- The call is getppid, which does almost nothing: these are the costs of being supervised and not of a call. strict-read, strict-write and warder-argument have a base of their own. An errno from a filter can be cheaper than the call, which then does not run.
- filter rows with an argument make the kernel run the program. One that decides by number alone costs the same whatever its length.
- Mechanisms are measured by processes of a few hundred bytes of machine code. They are as fast as a supervisor can be; a real one also decides something. The C floor has the same loops; its processes are larger, which each switch between two of them notices.
- On the same core a supervisor and its program take turns by a context switch; *-other* rows wake another core each time. On a virtual machine that means the hypervisor.
- trace-deny, the memory rows and warder-stop-64 show what a stop costs that does more than look.
- warder's rows are whole sessions through the library: limits, accounts and placement are at work. The command has the same sessions.
- Sessions at once are counted when their stubs are there. The empty program there is the smallest that Linux runs, two pages without a C library, so that a session's own cost shows most; BenchmarkConcurrent (go test ./bench) has a C program beside it.
- Wall time of a program is from fork to wait for bare, and from the call of tracer.Run to its return for the engines. Bare is started by a process of two pages; program CPU of a held one begins at its first instruction, and the supervisor's is that of its whole process.
- Peak memory is the largest resident set of one process. CPU time of another tool is what its own wait4 tells: bwrap leaves its program's out.
- Growth is wall time divided by all tasks' calls: on two cores, two tasks that do not disturb each other halve it.

queens is a program of Go, whose runtime signals its threads all the time, and makes no stops for it: see [notifications](notifications.md).

What they do not mean: nothing here is about the kernel's own checks on paths and objects (Landlock, namespaces), about what a program does between its calls, or about other machines. Output went to /dev/null. strace writes a line at each stop: it does more than the others.

`

// field compares with what others have published.
func (s *suite) field(b *strings.Builder) {
	b.WriteString("## Published figures of the field\n\nFrom other machines, years and kernels, so as ratios to a native call of the same source, and only to the nearest sense. " +
		"Rewriting answers a call inside the program's own process: it is a way to hook calls, and holds nobody who does not want to be held.\n\n")
	row(b, []string{"system", "what it does", "ratio to native", "source"})
	b.WriteString("|---|---|---|---|\n")
	for _, p := range published {
		row(b, p[:])
	}
	for _, own := range []struct{ name, what string }{
		{"filter-allow", "a seccomp filter that allows"},
		{"warder-allow", "warder, a call settled by number"},
		{"dispatch", "syscall user dispatch with an empty handler"},
		{"warder-stop", "warder, a call that stops for the supervisor"},
		{"strace-bpf-free", "strace --seccomp-bpf, one call traced, as it is when it is run"},
		{"strace-bpf", "the same, put on the program's core"},
		{"warder-ptrace", "warder's ptrace engine, two stops a call"},
	} {
		for i := range s.mechanisms.Figures {
			if f := &s.mechanisms.Figures[i]; f.Name == own.name && f.Ratio != nil {
				row(b, []string{"this page", own.what, fmt.Sprintf("%.3g", f.Ratio.Median), f.Name})
			}
		}
	}
	b.WriteString("\nlazypoline (Jacobs et al., System Call Interposition Without Compromise, DSN 2024) says that it reaches the efficiency of pure rewriting; its paper's numbers were not at hand here, and are left out.\n\n")
	for _, other := range []string{"strace-bpf-free", "strace-bpf"} {
		if f := bar(s.mechanisms, "warder-stop", other); f != "" {
			b.WriteString(f)
		}
	}
}

// published are ratios computed from figures that were read in their sources.
var published = [...][4]string{
	{"zpoline", "rewrites syscall instructions to calls; hook of 41 ns on a getpid of 74 ns", "1.55", "Yasukata et al., USENIX ATC 2023, Table 1, as the project's Documentation/README.md has it"},
	{"zpoline, improved", "the same with short jumps; hook of 10 ns", "1.14", "the same document, May 2023"},
	{"what zpoline was compared with", "mechanisms that hook every call: 28.1 to 761.0 times its overhead", "16.6 to 423", "the paper's abstract, with the figures above"},
	{"Intel Pin", "dynamic instrumentation; getpid of 2703 ns", "36.5", "the same document"},
	{"gVisor, ptrace platform", "PTRACE_SYSEMU; getpid of 15,400 ns against 239", "64.4", "gVisor blog, 28 April 2023, figure 1 (GCE n2-standard-4)"},
	{"gVisor, systrap", "SIGSYS and shared memory; 2,376 ns", "9.94", "the same, figure 2 and 3"},
	{"gVisor, systrap with rewriting", "a jump instead of SIGSYS; 1,017 ns", "4.26", "the same, figure 3"},
	{"strace -f -e connect", "a whole kernel build: 24m54s against 12m27s", "2.00 (of the build)", "Chaignon, Introducing strace --seccomp-bpf, 2 October 2019"},
	{"strace --seccomp-bpf", "the same build: 12m49s", "1.03 (of the build)", "the same"},
}

// bar says how one row compares with another of the same run.
func bar(r *bench.Report, one, other string) string {
	find := func(name string) *bench.Figure {
		for i := range r.Figures {
			if f := &r.Figures[i]; f.Name == name && f.Stat != nil {
				return f
			}
		}
		return nil
	}
	a, b := find(one), find(other)
	if a == nil || b == nil {
		return ""
	}
	return fmt.Sprintf("In this run a stop of warder's took %.0f ns and one of %s %.0f: %.2g times as long.\n", a.Stat.Median, other, b.Stat.Median, b.Stat.Median/a.Stat.Median)
}
