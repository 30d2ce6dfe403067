package tracer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// verdictRow is one way for a program to end, and what is to be reported.
type verdictRow struct {
	name    string
	program string // as testprog.Program takes it, with its arguments
	allow   string // what is allowed beyond the profile: "", "fork", "memfd"
	setting string // "", or which of settings
	limits  tracer.Limits
	want    string // alternatives, as fate puts them, separated by " | "
	seccomp string // under the seccomp engine, where it differs; "-": not run
}

const ms = time.Millisecond

// verdictMatrix is published in docs/operations.md.
var verdictMatrix = []verdictRow{
	{name: "ends with status 0", program: "true", want: "ok"},
	{name: "ends with status 7", program: "exitcode 7", want: "exited 7"},
	{name: "ends with status 159, warder's own for a violation", program: "exitcode 159", want: "exited 159"},
	{name: "leader exits with 7, a thread later with 3", program: "zombieleader", want: "exited 3"},

	{name: "infinite loop in user code", program: "burn user", limits: tracer.Limits{CPU: 150 * ms}, want: "cpu-time-limit"},
	{name: "CPU time burnt in the kernel", program: "burn kernel", limits: tracer.Limits{CPU: 150 * ms}, want: "cpu-time-limit"},
	{name: "infinite loop with SIGXCPU ignored", program: "burn ignore", limits: tracer.Limits{CPU: 150 * ms}, want: "cpu-time-limit"},
	{name: "infinite loops in eight threads", program: "burn threads 8", limits: tracer.Limits{CPU: 150 * ms}, want: "cpu-time-limit"},
	{name: "a chain of processes, each short", program: "burn chain 10", allow: "fork", limits: tracer.Limits{CPU: 150 * ms}, want: "cpu-time-limit"},
	{name: "short children that nobody waits for", program: "burn children 10", allow: "fork", limits: tracer.Limits{CPU: 150 * ms, Wall: 5 * time.Second}, want: "cpu-time-limit", seccomp: "wall-time-limit"},

	{name: "raises SIGXCPU itself", program: "raise 24", want: "signaled SIGXCPU"},
	{name: "raises SIGXFSZ itself", program: "raise 25", want: "signaled SIGXFSZ"},
	{name: "raises SIGSYS itself", program: "raise 31", want: "signaled SIGSYS", seccomp: "ok"},
	{name: "raises SIGKILL itself", program: "raise 9", want: "signaled SIGKILL"},
	{name: "raises SIGALRM itself", program: "raise 14", want: "signaled SIGALRM"},
	{name: "raises SIGTRAP itself", program: "raise 5", want: "signaled SIGTRAP"},
	{name: "raises SIGABRT itself", program: "raise 6", want: "signaled SIGABRT"},
	{name: "raises SIGURG, which ends nothing", program: "raise 23", want: "ok"},
	{name: "killed from outside", program: "sleeper", setting: "killed", want: "signaled SIGKILL"},

	{name: "deep recursion, small stack", program: "deepstack 4096", limits: tracer.Limits{Stack: 1 << 20}, want: "signaled SIGSEGV"},
	{name: "deep recursion, default stack", program: "deepstack 16384", want: "ok"},
	{name: "private memory", program: "memory private 262144", limits: tracer.Limits{Memory: 64 << 20}, want: "memory-limit"},
	{name: "shared memory", program: "memory shared 262144", limits: tracer.Limits{Memory: 64 << 20}, want: "memory-limit"},
	{name: "memory of the C library, in small steps", program: "malloc 256", limits: tracer.Limits{Memory: 64 << 20}, want: "memory-limit"},
	{name: "page tables only", program: "memory tables 131072", limits: tracer.Limits{Memory: 64 << 20}, want: "memory-limit"},
	{name: "a memfd, mapped", program: "memory memfd 262144", allow: "memfd", limits: tracer.Limits{Memory: 64 << 20, FileSize: 1 << 30}, want: "memory-limit"},
	{name: "a memfd, larger than a file may be", program: "memory memfd 262144", allow: "memfd", limits: tracer.Limits{FileSize: 1 << 20}, want: "signaled SIGXFSZ"},
	{name: "many memfds, written and not mapped", program: "memory files 196608", allow: "memfd", limits: tracer.Limits{Memory: 64 << 20, OpenFiles: 256}, want: "memory-limit"},
	{name: "memory within the limit", program: "memory private 16384", limits: tracer.Limits{Memory: 64 << 20}, want: "ok"},
	{name: "128 GiB reserved, 1 MiB used", program: "reserve", limits: tracer.Limits{Memory: 64 << 20}, want: "ok"},

	{name: "output to a file", program: "writes 100000", setting: "to a file", limits: tracer.Limits{Output: 1000}, want: "output-limit"},
	{name: "output to a pipe", program: "writes 100000", setting: "to a pipe", limits: tracer.Limits{Output: 1000}, want: "output-limit"},
	{name: "output to a terminal", program: "writes 100000", setting: "to a terminal", limits: tracer.Limits{Output: 1000}, want: "output-limit"},
	{name: "output of exactly the limit", program: "writes 1000", setting: "to a pipe", limits: tracer.Limits{Output: 1000}, want: "ok"},

	{name: "stops itself with SIGSTOP", program: "raise 19", limits: tracer.Limits{Wall: 300 * ms}, want: "wall-time-limit"},
	{name: "asleep", program: "sleeper", limits: tracer.Limits{Wall: 300 * ms}, want: "wall-time-limit"},
	{name: "forty threads asleep", program: "sleeper 40", limits: tracer.Limits{Wall: 300 * ms}, want: "wall-time-limit"},
	{name: "blocked on a pipe", program: "echo", setting: "blocked input", limits: tracer.Limits{Wall: 300 * ms}, want: "wall-time-limit"},
	{name: "leaves a child behind: daemonised, all signals ignored", program: "orphan 60", allow: "fork", want: "ok"},
	{name: "violation in one thread while another exits", program: "exitrace", want: "policy-violation socket | ok", seccomp: "policy-violation | ok"},
}

// TestVerdictMatrix prints the matrix as docs/operations.md has it, and with
// WARDER_WRITE_DOCS=1 writes it there. TestLiveVerdicts runs it.
func TestVerdictMatrix(t *testing.T) {
	table := matrixTable()
	t.Log("\n" + table)
	names := map[string]bool{}
	for _, row := range verdictMatrix {
		if names[row.name] {
			t.Errorf("row %q is there twice", row.name)
		}
		names[row.name] = true
	}
	if os.Getenv("WARDER_WRITE_DOCS") != "1" {
		return
	}
	const page, begin, end = "../docs/operations.md", "<!-- matrix:begin -->", "<!-- matrix:end -->"
	text, err := os.ReadFile(page)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := bytes.Cut(text, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		t.Skipf("%s has no markers %s and %s", page, begin, end)
	}
	text = fmt.Appendf(nil, "%s%s\n%s%s%s", head, begin, table, end, tail)
	if err := os.WriteFile(page, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func matrixTable() string {
	var b strings.Builder
	b.WriteString("| The program | Run as | hybrid | ptrace | seccomp |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range verdictMatrix {
		seccomp := row.wanted(tracer.Seccomp)
		if seccomp == "-" {
			seccomp = "not offered"
		}
		cell := func(s string) string { return strings.ReplaceAll(s, " | ", " or ") }
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", row.name, row.how(),
			cell(row.wanted(tracer.Hybrid)), cell(row.wanted(tracer.Ptrace)), cell(seccomp))
	}
	return b.String()
}

func (row *verdictRow) wanted(e tracer.Engine) string {
	if e == tracer.Seccomp && row.seccomp != "" {
		return row.seccomp
	}
	return row.want
}

// how is the row's program, limits and setting in words.
func (row *verdictRow) how() string {
	parts := []string{"`" + row.program + "`"}
	size := func(name string, v int64) {
		switch {
		case v >= 1<<20:
			parts = append(parts, fmt.Sprintf("`--%s %dMiB`", name, v>>20))
		case v > 0:
			parts = append(parts, fmt.Sprintf("`--%s %d`", name, v))
		}
	}
	if row.limits.CPU > 0 {
		parts = append(parts, fmt.Sprintf("`--cpu-time %v`", row.limits.CPU))
	}
	if row.limits.Wall > 0 {
		parts = append(parts, fmt.Sprintf("`--wall-time %v`", row.limits.Wall))
	}
	size("memory", row.limits.Memory)
	size("stack", row.limits.Stack)
	size("output", row.limits.Output)
	size("file-size", row.limits.FileSize)
	if row.limits.OpenFiles > 0 {
		parts = append(parts, fmt.Sprintf("`--open-files %d`", row.limits.OpenFiles))
	}
	if row.allow != "" {
		parts = append(parts, row.allow+" allowed")
	}
	if row.setting != "" {
		parts = append(parts, row.setting)
	}
	return strings.Join(parts, ", ")
}

// matrixPolicies are compute and runtime with what a row allows. Runtime's
// rules need no stop: the seccomp engine takes them.
func matrixPolicies(t *testing.T, base string) map[string]*rules.Policy {
	t.Helper()
	return map[string]*rules.Policy{"": profile(t, base), "fork": onTopOf(t, base, forkRules), "memfd": onTopOf(t, base, memfdRules)}
}

func TestLiveVerdicts(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		t.Run(engine.String(), func(t *testing.T) {
			noStrays(t)
			base := "compute"
			if engine == tracer.Seccomp {
				base = "runtime"
			}
			policies := matrixPolicies(t, base)
			for _, row := range verdictMatrix {
				if row.wanted(engine) == "-" {
					continue
				}
				t.Run(row.name, func(t *testing.T) { judge(t, &row, engine, policies[row.allow]) })
			}
		})
	}
}

// judge runs one row under one engine.
func judge(t *testing.T, row *verdictRow, engine tracer.Engine, policy *rules.Policy) {
	t.Helper()
	argv := strings.Fields(row.program)
	var out bytes.Buffer
	cfg := tracer.Config{
		Path: testprog.Program(t, argv[0]), Args: argv, Engine: engine, Policy: policy, Limits: row.limits,
		Stdout: &out, Stderr: &out,
	}
	finish := func() {}
	if row.setting != "" {
		finish = settings[row.setting](t, &cfg)
	}
	r, _ := hold(t, cfg)
	finish()
	if got := fate(r); !expected(got, strings.Split(row.wanted(engine), " | ")) {
		t.Errorf("%s, want %s (exit code %d, signal %d, CPU %v, wall %v, peak %d)\n%s\n%.300s", got, row.wanted(engine),
			r.ExitCode, r.Signal, r.CPU(), r.Wall, r.MaxRSS, r.Message, out.String())
	}
	checkResult(t, r)
	nothingHeld(t)
}

// checkResult holds the fields of a result to each other.
func checkResult(t *testing.T, r *tracer.Result) {
	t.Helper()
	exited, signaled := false, false
	switch r.Outcome {
	case tracer.OK, tracer.Exited:
		exited = true
	case tracer.Signaled:
		signaled = true
	}
	if exited != (r.ExitCode >= 0) || r.Outcome == tracer.OK && r.ExitCode != 0 || r.Outcome == tracer.Exited && r.ExitCode == 0 {
		t.Errorf("%s with exit code %d", r.Outcome, r.ExitCode)
	}
	if signaled != (r.Signal > 0) {
		t.Errorf("%s with signal %d", r.Outcome, r.Signal)
	}
	if (r.Outcome == tracer.PolicyViolation) != (r.Violation != nil) {
		t.Errorf("%s with violation %v", r.Outcome, r.Violation)
	}
	if r.User < 0 || r.System < 0 || r.Wall <= 0 || r.CPU() == 0 || r.MaxRSS <= 0 {
		t.Errorf("user %v, system %v, wall %v, peak %d", r.User, r.System, r.Wall, r.MaxRSS)
	}
}

// settings prepare a session and check it afterwards.
var settings = map[string]func(*testing.T, *tracer.Config) (finish func()){
	"killed": func(t *testing.T, cfg *tracer.Config) func() {
		killed := make(chan error, 1)
		cfg.Hooks.Entry = func(tr *tracer.Tracee) {
			pid := tr.PID()
			time.AfterFunc(50*ms, func() { killed <- unix.Kill(pid, unix.SIGKILL) })
		}
		return func() {
			if err := <-killed; err != nil {
				t.Errorf("kill: %v", err)
			}
		}
	},
	"blocked input": func(t *testing.T, cfg *tracer.Config) func() {
		r, w := pipe(t)
		cfg.Stdin = r
		return func() { closeAll(t, r, w) }
	},
	"to a file": func(t *testing.T, cfg *tracer.Config) func() {
		f, err := os.CreateTemp(t.TempDir(), "out")
		if err != nil {
			t.Fatal(err)
		}
		cfg.Stdout = f
		return func() {
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			closeAll(t, f)
			delivered(t, info.Size(), cfg.Limits.Output)
		}
	},
	"to a pipe": func(t *testing.T, cfg *tracer.Config) func() {
		r, w := pipe(t)
		return counted(t, cfg, r, w)
	},
	"to a terminal": func(t *testing.T, cfg *tracer.Config) func() {
		master, slave := terminal(t)
		return counted(t, cfg, master, slave)
	},
}

// counted sends output into w and counts what arrives at r.
func counted(t *testing.T, cfg *tracer.Config, r, w *os.File) func() {
	t.Helper()
	cfg.Stdout = w
	arrived := make(chan int64, 1)
	go func() {
		n, _ := bytes.NewBuffer(nil).ReadFrom(r) // a terminal ends with EIO
		arrived <- n
	}()
	return func() {
		closeAll(t, w)
		delivered(t, <-arrived, cfg.Limits.Output)
		closeAll(t, r)
	}
}

func delivered(t *testing.T, got, limit int64) {
	t.Helper()
	if got != limit {
		t.Errorf("%d bytes delivered, want the limit, %d", got, limit)
	}
}
