package snapshot_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"warder/internal/ptrace"
	"warder/internal/testutil"
	"warder/snapshot"
)

// python is an interpreter that is no wrapper script.
func python(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		return "/usr/bin/python3"
	}
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	return path
}

// TestLiveDebuggers holds our core against gdb's own of the same stopped
// process: what gdb shows of the two must be the same text.
func TestLiveDebuggers(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.GDB, testutil.ElfUtils)
	for _, test := range []struct {
		name    string
		argv    func(t *testing.T) []string
		threads int // 0: as many as gdb says
		show    []string
		want    string // in what gdb says
	}{
		{"c", func(t *testing.T) []string { return []string{compile(t, "plain.c")} }, 1, []string{"print known", "print &known"}, "= 4711"},
		{"c-static", func(t *testing.T) []string { return []string{compile(t, "plain.c", "-static")} }, 1, []string{"print known"}, "= 4711"},
		{"c++", func(t *testing.T) []string { return []string{compile(t, "objects.cc")} }, 1, []string{"x/s known._M_dataplus._M_p", "print table"}, "longer than what"},
		{"pthread", func(t *testing.T) []string { return []string{compile(t, "threads.c")} }, 5, []string{"print known", "thread apply all print $fs_base"}, "= 815"},
		{"go", func(t *testing.T) []string { return []string{compile(t, "routines.go")} }, 0, []string{"print 'main.known'"}, "= 90210"},
		{"python", func(t *testing.T) []string {
			return []string{python(t), "-c", "import sys\nprint('ready', flush=True)\nsys.stdin.read()"}
		}, 1, []string{"x/4gx &_PyRuntime", "x/s (char *)Py_GetVersion"}, "<_PyRuntime>:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			argv := test.argv(t)
			tr := start(t, argv...)
			if _, err := tr.Stop(); err != nil {
				t.Fatal(err)
			}
			tr.keep = true // both must see the same
			dir := t.TempDir()
			ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
			r, err := snapshot.Capture(context.Background(), tr, ours, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Pages == 0 || r.Freeze <= 0 || r.Total < r.Freeze || r.Method != snapshot.StopCopy {
				t.Errorf("report %+v", r)
			}
			tr.release(t)
			if out, err := exec.Command("gcore", "-o", theirs, strconv.Itoa(tr.pid)).CombinedOutput(); err != nil {
				t.Fatalf("gcore: %v\n%s", err, out)
			}
			theirs += "." + strconv.Itoa(tr.pid)

			program := argv[0]
			a, b := debug(t, program, ours, test.show), debug(t, program, theirs, test.show)
			if a.text != b.text {
				t.Errorf("gdb shows of our core:\n%s\nof its own:\n%s", a.text, b.text)
			}
			if !slices.Equal(a.threads, b.threads) || len(a.threads) != r.Threads {
				t.Errorf("threads %v, %d captured; gdb's core has %v", a.threads, r.Threads, b.threads)
			}
			if test.threads != 0 && len(a.threads) != test.threads {
				t.Errorf("%d threads, want %d", len(a.threads), test.threads)
			}
			if !strings.Contains(a.text, test.want) {
				t.Errorf("no %q in:\n%s", test.want, a.text)
			}
			if a.warnings != b.warnings {
				t.Errorf("gdb complains about our core:\n%s\nabout its own:\n%s", a.warnings, b.warnings)
			}
			readNotes(t, ours, r.Threads)
		})
	}
}

// release ends the tracing and leaves the process stopped: the signal is there
// before any thread can go on.
func (tr *tracee) release(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(tr.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	err := tr.Do(func() error {
		for _, stop := range tr.stopped {
			if err := ptrace.Detach(stop.TID, stop.Signal); err != nil {
				return err
			}
		}
		tr.stopped, tr.seized = nil, map[int]bool{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// shown is what gdb says of a core.
type shown struct {
	threads  []int
	text     string // thread by thread, in the order of their ids
	warnings string
}

var (
	lwpLine   = regexp.MustCompile(`LWP (\d+)`)
	frameLine = regexp.MustCompile(`(?m)^#\d+ `)
)

func debug(t *testing.T, program, core string, show []string) shown {
	t.Helper()
	args := []string{"-batch", "-nx", "-nh", "-iex", "set debuginfod enabled off", "-ex", "set pagination off", "-ex", "set print address on"}
	for _, command := range append([]string{
		"info threads", "echo \nTHREADS\n",
		"thread apply all bt", "echo \nREGISTERS\n", "thread apply all info registers",
		"thread apply all print $mxcsr", "thread apply all print $xmm3", "thread apply all print $ymm3", "thread apply all print $st0",
		"echo \nSHOW\n",
	}, show...) {
		args = append(args, "-ex", command)
	}
	cmd := exec.Command("gdb", append(args, program, core)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gdb: %v\n%s", err, stderr.Bytes())
	}
	head, rest, ok := strings.Cut(string(out), "\nTHREADS\n")
	if !ok {
		t.Fatalf("gdb said %s", out)
	}
	s := shown{text: byThread(rest), warnings: strings.ReplaceAll(stderr.String(), core, "CORE")}
	_, list, _ := strings.Cut(head, "Frame")
	for _, m := range lwpLine.FindAllStringSubmatch(list, -1) {
		id, _ := strconv.Atoi(m[1])
		s.threads = append(s.threads, id)
	}
	slices.Sort(s.threads)
	if len(frameLine.FindAllString(s.text, -1)) < 2 {
		t.Errorf("no backtrace in:\n%s", s.text)
	}
	return s
}

// byThread puts what is said "thread apply all" in the order of thread ids:
// the numbers are each core's own.
func byThread(text string) string {
	head := regexp.MustCompile(`(?m)^Thread \d+ \(.*LWP (\d+)\)*:?$`)
	var out strings.Builder
	for _, section := range strings.Split(text, "\n\n\n") {
		var parts []string
		for _, part := range strings.Split(section, "\nThread ") {
			parts = append(parts, head.ReplaceAllString("Thread "+strings.TrimPrefix(part, "Thread "), "LWP $1"))
		}
		slices.Sort(parts)
		out.WriteString(strings.Join(parts, "\n"))
	}
	lines := strings.Split(regexp.MustCompile(`(?m)^Thread \d+ \(.*LWP (\d+)\)*:?`).ReplaceAllString(out.String(), "LWP $1"), "\n")
	return regexp.MustCompile(`(?m)^\$\d+ = `).ReplaceAllString(strings.Join(lines, "\n"), "= ")
}

// readNotes has the elfutils parse every note.
func readNotes(t *testing.T, core string, threads int) {
	t.Helper()
	cmd := exec.Command("eu-readelf", "-n", core)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("eu-readelf: %v\n%s", err, stderr.Bytes())
	}
	for owner, want := range map[string]int{"PRSTATUS": threads, "PRPSINFO": 1, "AUXV": 1, "FILE": 1, "FPREGSET": threads, "X86_XSTATE": threads, "SIGINFO": threads, "WARDER": 1} {
		if n := strings.Count(string(out), owner+"\n") + strings.Count(string(out), "  "+owner+"  "); n != want {
			t.Errorf("%d notes %s, want %d:\n%s", n, owner, want, out)
		}
	}
}
