package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
)

// TestLiveResume takes snapshots of computing programs at arbitrary moments and
// resumes each: what it prints then is exactly what was left to be printed.
func TestLiveResume(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	const steps, each = "80", 13 // resumptions of each of four programs
	for _, program := range []string{"goeson", "goeson-static"} {
		for _, threads := range []string{"0", "4"} {
			t.Run(program+"/"+threads, func(t *testing.T) {
				dir := t.TempDir()
				argv := []string{"--", testprog.Program(t, program), steps, threads}
				want := finish(t, command(t, append([]string{"run", "--cpu-time", "none"}, argv...)...))
				if want.status != 0 || !strings.HasSuffix(want.stdout, "end\n") {
					t.Fatalf("without snapshots: %+v", want)
				}
				var files []string
				for round := 0; len(files) < each && round < 20; round++ {
					pattern := filepath.Join(dir, fmt.Sprintf("%d.%%n.core", round))
					o := finish(t, command(t, append([]string{
						"run", "--cpu-time", "none", "--on", "every:23ms", "--do", "snapshot:" + pattern, "--snapshot-method", []string{"stop", "fork"}[round%2],
					}, argv...)...))
					if round%2 == 1 && strings.Count(o.stderr, "copy of a fork") != strings.Count(o.stderr, " pages, ") {
						t.Errorf("not all by a fork:\n%s", o.stderr)
					}
					if o.stdout != want.stdout || o.status != 0 {
						t.Fatalf("with snapshots: %d %q\n%s", o.status, o.stdout, o.stderr)
					}
					list, err := filepath.Glob(strings.ReplaceAll(pattern, "%n", "*"))
					if err != nil {
						t.Fatal(err)
					}
					files = append(files, list...)
				}
				if len(files) < each {
					t.Fatalf("%d snapshots", len(files))
				}
				lengths := make(map[int]bool)
				for _, file := range files[:each] {
					o := finish(t, command(t, "resume", "--cpu-time", "none", file))
					before, ok := strings.CutSuffix(want.stdout, o.stdout)
					if !ok || o.status != 0 || before != "" && !strings.HasSuffix(before, "\n") {
						t.Errorf("%s: status %d, not the end of what is right: %s\n%s", filepath.Base(file), o.status, departure(o.stdout, want.stdout), o.stderr)
					}
					lengths[len(before)] = true
				}
				if len(lengths) < 3 {
					t.Errorf("all were taken at one moment: %v", lengths)
				}
			})
		}
	}
}

// TestLiveResumeLong: programs that compute for 10 s of CPU time are written at
// 3 s and stopped; resumed, each prints exactly the rest.
func TestLiveResumeLong(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	const long, tried, patience = 10 * time.Second, 200, 5 * time.Minute
	for _, test := range []struct {
		program string
		threads int // 0: the first alone
	}{{"goeson-static", 0}, {"goeson", 4}} {
		t.Run(test.program, func(t *testing.T) {
			path, threads := testprog.Program(t, test.program), strconv.Itoa(test.threads)
			// How long a step takes is the machine's.
			try := exec.Command(path, strconv.Itoa(tried), threads)
			if err := try.Run(); err != nil {
				t.Fatal(err)
			}
			steps := strconv.Itoa(int(long * tried / (try.ProcessState.UserTime() + time.Millisecond)))
			t.Parallel()
			dir := t.TempDir()
			file, report := filepath.Join(dir, "core"), filepath.Join(dir, "report")
			argv := []string{"--", path, steps, threads}
			want := finish(t, commandFor(t, patience, append([]string{"run", "--cpu-time", "none", "--wall-time", "none", "--report", report}, argv...)...))
			var told struct {
				CPU float64 `json:"cpu_time_s"`
			}
			if b, err := os.ReadFile(report); err != nil || json.Unmarshal(b, &told) != nil {
				t.Fatalf("report %q, %v", b, err)
			}
			if want.status != 0 || !strings.HasSuffix(want.stdout, "end\n") || told.CPU < long.Seconds()/2 {
				t.Fatalf("without a snapshot: status %d after %v s of CPU time\n%s", want.status, told.CPU, want.stderr)
			}
			t.Logf("%s steps, %.1f s of CPU time", steps, told.CPU)
			before := finish(t, commandFor(t, patience, append([]string{
				"run", "--cpu-time", "none", "--wall-time", "none", "--on", "every:3s", "--do", "snapshot:" + file, "--do", "stop",
			}, argv...)...))
			after := finish(t, commandFor(t, patience, "resume", "--cpu-time", "none", "--wall-time", "none", file))
			if before.status != 0 || after.status != 0 || before.stdout+after.stdout != want.stdout {
				t.Errorf("status %d and %d, %d and %d lines of %d\n%s\n%s", before.status, after.status, strings.Count(before.stdout, "\n"),
					strings.Count(after.stdout, "\n"), strings.Count(want.stdout, "\n"), before.stderr, after.stderr)
			}
			if len(before.stdout) < len(want.stdout)/20 || len(after.stdout) < len(want.stdout)/20 {
				t.Errorf("taken after %d of %d bytes of output", len(before.stdout), len(want.stdout))
			}
		})
	}
}

// TestResumeErrors: what cannot be resumed is refused by name.
func TestResumeErrors(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no core\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"resume", filepath.Join(dir, "missing")}, "no such file"},
		{[]string{"resume", text}, "not a snapshot of ours"},
		{[]string{"resume"}, "no FILE given"},
		{[]string{"run", "--on", "syscal:write", "--do", "regs", "--", "true"}, `did you mean "syscall:"`},
		{[]string{"run", "--on", "syscall:wriet", "--do", "regs", "--", "true"}, `did you mean "write"`},
		{[]string{"run", "--on", "signal:KILL", "--do", "regs", "--", "true"}, "SIGKILL ends a program without a stop"},
		{[]string{"run", "--on", "every:1us", "--do", "regs", "--", "true"}, "at least 1ms"},
		{[]string{"run", "--on", "entry", "--", "true"}, "no --do ACTION behind it"},
		{[]string{"run", "--do", "regs", "--", "true"}, "no --on EVENT before it"},
		{[]string{"run", "--on", "entry", "--do", "snapshot", "--", "true"}, "snapshot needs a file"},
		{[]string{"run", "--on", "exit", "--do", "regs", "--snapshot-method", "frok", "--", "true"}, `did you mean "fork"`},
		{[]string{"run", "--engine", "seccomp", "-p", "runtime", "--on", "entry", "--do", "regs", "--", "true"}, "events need stops"},
	} {
		o := finish(t, command(t, tt.args...))
		if o.status != 125 || !strings.Contains(o.stderr, tt.want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %q", tt.args, o.status, o.stderr)
		}
	}
}

// TestLiveActions shows registers and mappings, writes a core and stops.
func TestLiveActions(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	o := finish(t, command(t, "run", "--on", "syscall:write", "--do", "backtrace", "--", testprog.Program(t, "hello")))
	if o.status != 0 || !strings.Contains(o.stderr, "program-hello") || !strings.Contains(o.stderr, "\n#1  ") {
		t.Errorf("%+v", o)
	}
	o = finish(t, command(t, "run", "--on", "syscall:write", "--do", "mark", "--on", "exit", "--do", "rewind:3", "--", testprog.Program(t, "hello")))
	if o.status != 0 || o.stdout != strings.Repeat("hello, world\n", 4) {
		t.Errorf("%+v", o)
	}
	core := filepath.Join(t.TempDir(), "v.core")
	hello := testprog.Program(t, "hello")
	o = finish(t, command(t, "run", "--on", "entry", "--do", "regs", "--do", "maps", "--on", "syscall:write", "--do", "stop", "--", hello))
	if o.status != 0 || o.stdout != "" || !strings.Contains(o.stderr, "stopped at syscall write in thread") ||
		!strings.Contains(o.stderr, "\nrip            0x") || !strings.Contains(o.stderr, "[stack]") {
		t.Errorf("%+v", o)
	}
	o = finish(t, command(t, "run", "--snapshot-on-violation", core, "--", testprog.Program(t, "forkstorm")))
	if o.status != 159 || !strings.Contains(o.stderr, "violation in thread") {
		t.Errorf("%+v", o)
	}
	if st, err := os.Stat(core); err != nil || st.Size() < 4096 {
		t.Errorf("core: %v %v", st, err)
	}
}

// departure says where lines stop being the end of others.
func departure(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := 1; i <= len(g); i++ {
		if i > len(w) {
			return fmt.Sprintf("%d lines more", len(g)-len(w))
		}
		if a, b := g[len(g)-i], w[len(w)-i]; a != b {
			return fmt.Sprintf("line %d of %d from the end is %q, want %q; the first is %q", i, len(g), a, b, g[0])
		}
	}
	return "none"
}

// TestLiveResumeRaise: a program whose snapshot is taken between gettid(2) and
// the tgkill(2) of what that gave signals itself when it is resumed, by
// whatever id it has then.
func TestLiveResumeRaise(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	for _, threads := range []string{"0", "4"} {
		t.Run(threads, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "core")
			argv := []string{"--", testprog.Program(t, "goeson"), "5", threads}
			want := finish(t, command(t, append([]string{"run"}, argv...)...))
			before := finish(t, command(t, append([]string{"run", "--on", "syscall:tgkill", "--do", "snapshot:" + file, "--do", "stop"}, argv...)...))
			after := finish(t, command(t, "resume", file))
			if before.status != 0 || after.status != 0 || before.stdout+after.stdout != want.stdout {
				t.Errorf("%+v\n%+v, want\n%s", before, after, want.stdout)
			}
		})
	}
}
