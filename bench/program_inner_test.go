package bench

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/tracer"
)

// nothing is a command line that ends well.
func nothing(t *testing.T) Command {
	t.Helper()
	path, err := emptyProgram(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755); err != nil {
		t.Fatal(err)
	}
	return Command{Path: path, Args: []string{path}}
}

func TestLiveSpawn(t *testing.T) {
	live(t)
	cat, err := os.CreateTemp(t.TempDir(), "input")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cat.WriteString("exit 7\n"); err != nil {
		t.Fatal(err)
	}
	sh := func(script string) *Command {
		return &Command{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"A=b c", "PATH=/usr/bin:/bin"}}
	}
	s, err := spawn(t.Context(), sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Wall <= 0 || s.Program <= 0 || s.Program > 2*s.Wall || s.Stops != 0 || s.Supervisor != 0 {
		t.Errorf("sample %+v", s)
	}
	// The shell's own memory, and not that of whoever starts it.
	if s.Peak < 256<<10 || s.Peak > 8<<20 {
		t.Errorf("peak %v", s.Peak)
	}
	for name, c := range map[string]struct {
		cmd    *Command
		status string
	}{
		"environment": {sh(`[ "$A" = "b c" ] || exit 1; [ $# = 0 ] || exit 2; [ "$(ls /proc/self/fd | wc -l)" = 4 ] || exit 3`), ""},
		"directory":   {&Command{Path: "/bin/sh", Args: []string{"sh", "-c", "[ $(pwd) = / ]"}, Dir: "/"}, ""},
		"input":       {&Command{Path: "/bin/sh", Args: []string{"sh"}, Stdin: cat.Name()}, "exit status 7"},
		"no input":    {sh("! read -r line"), ""},
		"signal":      {sh("kill -USR1 $$"), "signal 10"},
	} {
		_, err := spawn(t.Context(), c.cmd)
		var bad *ProgramError
		switch {
		case c.status == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.status != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), c.status)):
			t.Errorf("%s: error %v, want %s", name, err, c.status)
		}
	}
	if _, err := spawn(t.Context(), &Command{Path: "/no/such", Args: []string{"x"}}); !errors.Is(err, unix.ENOENT) || !strings.HasPrefix(err.Error(), "execve /no/such: ") {
		t.Errorf("no program: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := spawn(ctx, sh("sleep 60")); err == nil || time.Since(start) > 20*time.Second {
		t.Errorf("ended after %v with %v", time.Since(start), err)
	}
}

// TestLiveCompare is a whole comparison with tiny counts.
func TestLiveCompare(t *testing.T) {
	live(t)
	testutil.Require(t, testutil.Landlock)
	c := &Comparison{
		Command: Command{Path: "/usr/bin/sort", Args: []string{"sort"}, Stdin: "program.go", Env: []string{"PATH=/usr/bin:/bin"}},
		Against: []Tool{
			{Name: "env", Path: "/usr/bin/env", Words: []string{"env", "X=y"}},
			{Name: "broken", Path: "/bin/false", Words: []string{"false"}},
		},
		Threads: []int{1, 3}, Sessions: []int{1, 4},
	}
	var last float64
	r, err := Compare(t.Context(), c, Options{Rounds: 1, Progress: func(done float64, next string) {
		if done < last || done > 1 || next == "" {
			t.Errorf("progress %v after %v, %q", done, last, next)
		}
		last = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != KindProgram || r.Partial || r.Rounds != 1 || !slices.Equal(r.Command, c.Command.Args) {
		t.Errorf("report %+v", r)
	}
	missing := map[string]bool{}
	for _, f := range r.Figures {
		if f.Stat == nil {
			missing[string(f.Group)+" "+f.Name] = true
			continue
		}
		if v := f.Stat.Median; v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s %s %s: %v", f.Group, f.Name, f.Metric.Name, v)
		}
		if f.Metric == Wall && (f.Stat.Median <= 0 || f.Ratio == nil || f.Ratio.Median <= 0) {
			t.Errorf("%s %s: wall %+v, ratio %+v", f.Group, f.Name, f.Stat, f.Ratio)
		}
	}
	// A dynamic program cannot be strict's.
	want := map[string]bool{"program strict": true, "program broken": true, "start-up broken": true}
	for name := range missing {
		if !want[name] {
			t.Errorf("%s is missing: %s", name, r.Figures[slices.IndexFunc(r.Figures, func(f Figure) bool {
				return string(f.Group)+" "+f.Name == name
			})].Missing)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("measured: %v", want)
	}
	if f := r.Figure(GroupProgram, "ptrace", Stops, 0); f == nil || f.Stat == nil || f.Stat.Median < 10 {
		t.Errorf("stops of the ptrace engine: %+v", f)
	}
	if f := r.Figure(GroupProgram, "env", Stops, 0); f != nil {
		t.Errorf("somebody else's stops: %+v", f)
	}
	for _, g := range []Group{GroupThreads, GroupProcesses} {
		for _, at := range c.Threads {
			hybrid, bare := r.Figure(g, "hybrid", PerCall, at), r.Figure(g, "bare", PerCall, at)
			if hybrid == nil || bare == nil || hybrid.Stat.Median <= bare.Stat.Median {
				t.Errorf("%s, %d: hybrid %+v, bare %+v: a stop costs nothing?", g, at, hybrid, bare)
			}
		}
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "AT ONCE") {
		t.Errorf("text %q, %v", text.String(), err)
	}
}

// TestLiveCrowd: all tasks of a growth's program make their calls.
func TestLiveCrowd(t *testing.T) {
	live(t)
	testutil.Require(t, testutil.Landlock)
	c := &Comparison{Threads: []int{1, 5}}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(Close)
	policy, err := parsed(growing)()
	if err != nil {
		t.Fatal(err)
	}
	turns, err := c.crowdTurns(dir)
	if err != nil || len(turns) != 2*2*3 {
		t.Fatalf("%d turns, %v", len(turns), err)
	}
	for _, group := range []Group{GroupThreads, GroupProcesses} {
		for _, tasks := range []int{1, 5, maxTasks} {
			const calls = 600
			image, err := crowd(group, tasks, calls).image()
			if err != nil {
				t.Fatal(err)
			}
			input := filepath.Join(dir, "input")
			if err := os.WriteFile(input, image, 0o644); err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(dir, "crowd")
			s, err := c.engine(tracer.Hybrid, policy, "").run(t.Context(), &Command{Path: program, Args: []string{program}, Stdin: input})
			if err != nil {
				t.Fatalf("%s, %d: %v", group, tasks, err)
			}
			if s.Stops < float64(calls/tasks*tasks) {
				t.Errorf("%s, %d: %v stops for %d calls", group, tasks, s.Stops, calls/tasks*tasks)
			}
		}
	}
}

func TestCompareErrors(t *testing.T) {
	live(t)
	var bad *ProgramError
	_, err := Compare(t.Context(), &Comparison{Command: Command{Path: "/bin/false", Args: []string{"false"}}}, Options{Rounds: 1})
	if !errors.As(err, &bad) || bad.Status.ExitStatus() != 1 {
		t.Errorf("a program that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := nothing(t)
	r, err := Compare(ctx, &Comparison{Command: cmd}, Options{Rounds: 1})
	if err != nil || !r.Partial || r.Rounds != 0 || len(r.Figures) == 0 || r.Figures[0].Missing == "" {
		t.Errorf("ended before it began: %+v, %v", r, err)
	}
}

// TestAdvice: what cannot run a program says what to do.
func TestAdvice(t *testing.T) {
	live(t)
	testutil.Require(t, testutil.Landlock)
	c := &Comparison{Command: Command{Path: "/bin/cat", Args: []string{"cat", "/etc/passwd"}}}
	r, err := Compare(t.Context(), c, Options{Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := r.Figure(GroupProgram, "hybrid", Wall, 0)
	if f == nil || !strings.HasPrefix(f.Missing, "policy-violation: openat(") || f.Verdict != NotHere {
		t.Errorf("hybrid: %+v", f)
	}
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "hybrid: allow what it needs: --policy runtime") ||
		!strings.Contains(notes, "seccomp: it runs bare") {
		t.Errorf("notes %q", notes)
	}
}
