package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"warder/internal/testutil"
)

// recorder runs commands under a tracer, each in the same fresh directory.
type recorder struct {
	t    testing.TB
	base string // holds the directory and the outputs
	self string
}

func newRecorder(t testing.TB) *recorder {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.MkdirTemp("", "warder-agree-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	return &recorder{t: t, base: base, self: self}
}

// environment is all that a command is given.
func (r *recorder) environment() []string {
	home := filepath.Join(r.base, "home")
	return []string{
		"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + home, "TMPDIR=" + filepath.Join(r.base, "tmp"),
		"PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PERL_HASH_SEED=0", "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=1000000000 +0000",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=1000000000 +0000",
	}
}

// still is put before a tracer, so that addresses are where they are without
// chance; empty where that is refused.
var still = sync.OnceValue(func() []string {
	if exec.Command("setarch", "-R", "true").Run() != nil {
		return nil
	}
	return []string{"setarch", "-R"}
})

// run runs a command under strace or warder with flags, and returns what they
// wrote and the process id that they had.
func (r *recorder) run(c *compared, by string, flags ...string) (text string, pid int) {
	r.t.Helper()
	dir, out := filepath.Join(r.base, "w"), filepath.Join(r.base, "trace")
	for _, d := range []string{dir, filepath.Join(r.base, "home"), filepath.Join(r.base, "tmp")} {
		if err := errors.Join(os.RemoveAll(d), os.Mkdir(d, 0o755)); err != nil {
			r.t.Fatal(err)
		}
	}
	setup := exec.CommandContext(r.t.Context(), "sh", "-ec", c.setup+"\nfind . -exec touch -h -d @1000000000 {} +")
	setup.Dir, setup.Env = dir, r.environment()
	if said, err := setup.CombinedOutput(); err != nil {
		r.t.Fatalf("%s: %v: %s", c.name, err, said)
	}
	argv := slices.Clone(still())
	env := r.environment()
	if by == "warder" {
		env = append(env, beWarder+"=1")
		argv = append(argv, r.self, "trace", "-E", beWarder, "-o", out)
	} else {
		argv = append(argv, "strace", "-f", "-o", out)
	}
	argv = append(append(append(argv, flags...), "--"), c.argv...)
	ctx, cancel := context.WithTimeout(r.t.Context(), hung)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	said, err := os.Create(filepath.Join(r.base, "said"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, env, said, said, time.Second
	_ = cmd.Run() // it ends as the command does
	if ctx.Err() != nil {
		r.t.Fatalf("%s under %s: %v", c.name, by, ctx.Err())
	}
	b, err := os.ReadFile(out)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b), cmd.Process.Pid
}

func (r *recorder) transcript(c *compared, by string, flags ...string) *transcript {
	r.t.Helper()
	text, pid := r.run(c, by, flags...)
	got, err := newTranscript(text, map[string]string{fmt.Sprint(pid): "TRACER"}, c.random...)
	if err != nil {
		r.t.Fatalf("%s under %s: %v", c.name, by, err)
	}
	return got
}

// comparison is a command's: strace's account of it against warder's, and
// against strace's of another run, which is what the method itself makes.
type comparison struct {
	name          string
	ours, control *agreement
	least         float64  // percent, of strace with itself in all runs
	aside         []string // what was not compared
}

// mostRuns is how often a command is compared at most.
const mostRuns = 6

// compare runs a command until warder's account is as near to strace's as
// strace's own of another run is, or often enough: what two runs of a program
// differ in by chance is in one or the other, and a mistake of ours is in all.
func (r *recorder) compare(c *compared, flags ...string) comparison {
	r.t.Helper()
	var best comparison
	least := 100.0
	for range mostRuns {
		theirs := r.transcript(c, "strace", flags...)
		ours := r.transcript(c, "warder", flags...)
		again := r.transcript(c, "strace", flags...)
		got := comparison{name: c.name}
		for _, a := range c.aside {
			theirs, ours, again := theirs.without(a.pattern), ours.without(a.pattern), again.without(a.pattern)
			got.aside = append(got.aside, fmt.Sprintf("%d, %d and %d lines (%s)", theirs, ours, again, a.why))
		}
		got.ours, got.control = compareTranscripts(theirs, ours), compareTranscripts(theirs, again)
		if other := compareTranscripts(again, ours); other.percent() > got.ours.percent() {
			got.ours = other
		}
		least = min(least, got.control.percent())
		if best.ours == nil || got.ours.percent() > best.ours.percent() {
			best = got
		}
		if best.ours.percent() >= best.control.percent() {
			break
		}
	}
	best.least = least
	return best
}

// below reports whether a command agrees less than chance can explain.
func (c *comparison) below() bool { return c.ours.percent() <= c.least-mostBelow }

// log tells of all differences.
func (c *comparison) log(t testing.TB) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of %d lines equal, %.2f%%; strace and strace %.2f%%", c.name, c.ours.equal, c.ours.lines,
		c.ours.percent(), c.control.percent())
	if len(c.aside) > 0 {
		fmt.Fprintf(&b, "\n  not compared: %s", strings.Join(c.aside, ", "))
	}
	for _, d := range c.ours.differences {
		kind := ""
		if d.undecoded() {
			kind = "not decoded: "
		}
		fmt.Fprintf(&b, "\n  %s%s", kind, d)
	}
	t.Log(b.String())
}

// The least agreement: over all commands, and how far one may be below
// strace's own with itself.
const (
	leastAgreement = 99.0
	mostBelow      = 5.0 // points: of the shortest command a line is nearly two
	fewestCommands = 25
)

// TestLiveAgreement holds warder trace to strace: the same commands under
// both, line by line.
func TestLiveAgreement(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Strace)
	r := newRecorder(t)
	commands, missing := comparedCommands(t, r.base)
	if len(missing) > 0 {
		t.Logf("not here: %s", strings.Join(missing, ", "))
	}
	if len(commands) < fewestCommands {
		t.Errorf("%d commands, want %d", len(commands), fewestCommands)
	}
	var all, control agreement
	var table []comparison
	for i := range commands {
		t.Run(commands[i].name, func(t *testing.T) {
			r.t = t
			c := r.compare(&commands[i])
			c.log(t)
			if c.below() {
				t.Errorf("%.2f%% agreement, strace has %.2f%% with itself", c.ours.percent(), c.least)
			}
			all.add(c.ours)
			control.add(c.control)
			table = append(table, c)
		})
	}
	if len(table) == len(commands) {
		writeAgreement(t, table, &all, &control)
	}
	t.Logf("%d commands, %d lines: %.3f%% agreement; strace with itself %.3f%%", len(table), all.lines, all.percent(), control.percent())
	if all.percent() < leastAgreement {
		t.Errorf("%.2f%% agreement, want %.0f%%", all.percent(), leastAgreement)
	}
}

// The table stands in the page between these lines.
const (
	agreementPage  = "../../docs/trace.md"
	agreementStart = "<!-- TestLiveAgreement writes what follows, with WARDER_WRITE_DOCS=1 -->\n"
	agreementEnd   = "<!-- to here -->\n"
)

// writeAgreement keeps the page's table: every command that was compared is in
// it. The numbers are those of one day.
func writeAgreement(t *testing.T, table []comparison, all, control *agreement) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| command | lines | equal | strace with itself |\n|---|---|---|---|\n")
	row := func(name string, a, c *agreement) {
		fmt.Fprintf(&b, "| %s | %d | %.2f%% | %.2f%% |\n", name, a.lines, a.percent(), c.percent())
	}
	for _, c := range table {
		row(c.name, c.ours, c.control)
	}
	row("all", all, control)
	b.WriteByte('\n')
	text, err := os.ReadFile(agreementPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), agreementStart)
	was, after, ok2 := strings.Cut(rest, agreementEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", agreementPage)
	}
	if os.Getenv("WARDER_WRITE_DOCS") == "1" {
		page := before + agreementStart + b.String() + agreementEnd + after
		if err := os.WriteFile(agreementPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, c := range table {
		if !strings.Contains(was, "\n| "+c.name+" |") {
			t.Errorf("%s does not tell of %s: WARDER_WRITE_DOCS=1 writes it there", agreementPage, c.name)
		}
	}
}
