package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"warder/bench"
	"warder/internal/testutil"
)

// benchNeeds is what every live test of warder bench needs.
func benchNeeds(t *testing.T) {
	t.Helper()
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock)
}

func TestBenchUsage(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		stderr string
		status int
	}{
		{[]string{"--json", "--csv"}, "give one of them", 125},
		{[]string{"--time", "0s"}, "--time", 125},
		{[]string{"--time", "x"}, "--time", 125},
		{[]string{"--only", "("}, "--only", 125},
		{[]string{"--only", "^nonsense$"}, `no row has such a name; warder bench --list`, 125},
		{[]string{"--only", "x", "--", "true"}, "--only is about the mechanisms", 125},
		{[]string{"--list", "true"}, "--list is about the mechanisms", 125},
		{[]string{"--stdin", "x"}, "--stdin needs a program", 125},
		{[]string{"--threads", "1"}, "--threads needs a program", 125},
		{[]string{"--floor", "/nonexistent", "--only", "native"}, "--floor: ", 125},
		{[]string{"--svg", "/nonexistent/x"}, "--svg: ", 125},
		{[]string{"--threads", "1,x", "true"}, `--threads: "x": want numbers from 1 to 64`, 125},
		{[]string{"--sessions", "0", "true"}, "--sessions", 125},
		{[]string{"--stdin", "/nonexistent", "true"}, "no such file", 125},
		{[]string{"--stdin", "/tmp", "true"}, "is a directory", 125},
		{[]string{"--stdin", fifo, "true"}, "is no regular file", 125},
		{[]string{"--policy", "nonsense", "true"}, `no policy "nonsense"`, 125},
		{[]string{"--against", "no-such-tool -x", "true"}, `--against "no-such-tool -x": no-such-tool is not in PATH`, 125},
		{[]string{"--against", "env 'x", "true"}, "a quote is not closed", 125},
		{[]string{"--against", " ", "true"}, "no command", 125},
		{[]string{"--jsn"}, `did you mean "json"?`, 125},
		{[]string{"no-such-program"}, "no-such-program: not found in PATH", 127},
		{[]string{"false"}, "false: it ended with exit status 1 without warder around it: give it arguments", 125},
	} {
		o := warder(t, append([]string{"bench"}, c.args...)...)
		o.want(t, c.status, c.stderr)
		if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%q: standard output %q, error %q", c.args, o.stdout, o.stderr)
		}
	}
}

func TestBenchList(t *testing.T) {
	o := warder(t, "bench", "--list", "--only", "^warder-stop$")
	o.want(t, 0, "")
	var names []string
	for line := range strings.Lines(o.stdout) {
		names = append(names, strings.Fields(line)[0])
	}
	// What it is compared with is measured as well.
	if want := []string{"ROW", "native", "trace-info", "warder-stop"}; !slices.Equal(names, want) {
		t.Errorf("listed %q, want %q", names, want)
	}
}

func TestLiveBench(t *testing.T) {
	benchNeeds(t)
	dir := t.TempDir()
	svg, html := filepath.Join(dir, "x.svg"), filepath.Join(dir, "x.html")
	o := warder(t, "bench", "--only", "^(native|filter-allow|trace|warder-stop)$", "--time", "200ms", "--svg", svg, "--html", html)
	o.want(t, 0, "")
	for _, word := range []string{"MECHANISM", "filter-allow", "warder-stop", "rounds in"} {
		if !strings.Contains(o.stdout, word) {
			t.Errorf("no %s in\n%s", word, o.stdout)
		}
	}
	for path, word := range map[string]string{svg: "</svg>", html: "</html>"} {
		if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte(word)) {
			t.Errorf("%s: %v\n%s", path, err, text)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}

	o = warder(t, "bench", "--only", "^native$", "--time", "50ms", "--json")
	o.want(t, 0, "")
	r, err := bench.ReadJSON(strings.NewReader(o.stdout))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Figures[0]; len(r.Figures) != 1 || f.Name != "native" || f.Stat == nil || !(f.Stat.Median > 1) || f.Ratio.Median != 1 {
		t.Errorf("figures %+v", r.Figures)
	}
	if r.Partial || r.Rounds < 1 || !strings.HasPrefix(r.Version, "warder ") {
		t.Errorf("report %+v", r)
	}

	o = warder(t, "bench", "--only", "^native$", "--time", "50ms", "--csv")
	if lines, err := csv.NewReader(strings.NewReader(o.stdout)).ReadAll(); err != nil || len(lines) != 2 {
		t.Errorf("CSV %q, %v", o.stdout, err)
	}
	o = warder(t, "bench", "--only", "^native$", "--time", "50ms", "--go")
	if !strings.Contains(o.stdout, "BenchmarkCall/native 1 ") {
		t.Errorf("Go's format: %q", o.stdout)
	}
}

func TestLiveBenchProgram(t *testing.T) {
	benchNeeds(t)
	input := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(input, []byte("b\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := warder(t, "bench", "--json", "--time", "100ms", "--threads", "1,2", "--sessions", "2", "--stdin", input,
		"--against", "env A=b", "--", "sort", "-r")
	o.want(t, 0, "")
	r, err := bench.ReadJSON(strings.NewReader(o.stdout))
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != bench.KindProgram || !slices.Equal(r.Command, []string{"sort", "-r"}) {
		t.Errorf("kind %q, command %q", r.Kind, r.Command)
	}
	for _, name := range []string{"bare", "hybrid", "seccomp", "ptrace", "env A=b"} {
		f := r.Figure(bench.GroupProgram, name, bench.Wall, 0)
		if f == nil || f.Stat == nil || !(f.Stat.Median > 0) || !(f.Ratio.Median > 0) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := r.Figure(bench.GroupSessions, "hybrid", bench.Rate, 2); f == nil || f.Stat == nil || f.Stat.Median < 1 {
		t.Errorf("sessions: %+v", f)
	}

	o = warder(t, "bench", "--time", "50ms", "--threads", "none", "--sessions", "none", "cat", "/etc/passwd")
	o.want(t, 0, "")
	for _, word := range []string{"policy-violation: openat(", "hybrid: allow what it needs: --policy runtime"} {
		if !strings.Contains(o.stdout, word) {
			t.Errorf("no %q in\n%s", word, o.stdout)
		}
	}
	o = warder(t, "bench", "--time", "50ms", "--threads", "none", "--sessions", "none", "--json", "--policy", "runtime", "--read", "/etc/passwd", "cat", "/etc/passwd")
	o.want(t, 0, "")
	if r, err = bench.ReadJSON(strings.NewReader(o.stdout)); err != nil {
		t.Fatal(err)
	}
	if f := r.Figure(bench.GroupProgram, "hybrid", bench.Wall, 0); f == nil || f.Stat == nil {
		t.Errorf("with the file granted: %+v", f)
	}
}

// TestLiveBenchInterrupted: what is known so far is printed.
func TestLiveBenchInterrupted(t *testing.T) {
	benchNeeds(t)
	for name, args := range map[string][]string{
		"mechanisms": {"bench", "--json", "--only", "^(native|trace)$", "--time", "1h"},
		"program":    {"bench", "--json", "--time", "1h", "--", "sleep", "0.02"},
	} {
		cmd := command(t, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		// To the whole group, as a terminal does.
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err := cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 128+int(syscall.SIGINT) || time.Since(start) > 10*time.Second {
			t.Fatalf("%s: status %d after %v, %v\n%s", name, status, time.Since(start), err, stderr.String())
		}
		r, err := bench.ReadJSON(&stdout)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Partial || r.Figures[0].Stat == nil || stderr.Len() > 0 {
			t.Errorf("%s: partial %v, first %+v, said %q", name, r.Partial, r.Figures[0], stderr.String())
		}
	}
}

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"strace -f  -o /dev/null ":    {"strace", "-f", "-o", "/dev/null"},
		`a 'b  c' "d\"e" f\ g ""`:     {"a", "b  c", `d"e`, "f g", ""},
		`'$x' "y'z" w\\ 'back\slash'`: {"$x", "y'z", `w\`, `back\slash`},
		"":                            nil,
	} {
		got, err := splitWords(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("splitWords(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"'a", `"a`, `a\`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("splitWords(%q) = %q", line, got)
		}
	}
}

func TestBarLine(t *testing.T) {
	for _, c := range []struct {
		done  float64
		next  string
		since time.Duration
		want  string
	}{
		{0, "native", 0, "[..............................]   0%  native"},
		{0.5, "trace", 30 * time.Second, "[###############...............]  50%  30s left  trace"},
		{2, "x\x1b[2Jy-and-something-very-long", time.Minute, "[##############################] 100%   0s left  "},
	} {
		got := barLine(c.done, c.next, c.since)
		if !strings.HasPrefix(got, c.want) || strings.Contains(got, "\x1b") || len(got) > 79 {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestProgress: a terminal sees a line, a file none.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := &progress{w: &b, begun: time.Now()}
	p.show(0.1, "native")
	p.show(0.2, "trace") // at once: too soon
	p.clear()
	if got := b.String(); strings.Count(got, "\r") != 2 || !strings.Contains(got, "native") || strings.Contains(got, "trace") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("a terminal sees %q", got)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p = newProgress(f)
	p.show(0.5, "x")
	p.clear()
	if at, err := f.Seek(0, 1); err != nil || at != 0 {
		t.Errorf("a file has %d bytes, %v", at, err)
	}
}

// TestLiveBenchTerminal: on a terminal there is a bar, and it goes.
func TestLiveBenchTerminal(t *testing.T) {
	benchNeeds(t)
	script, err := exec.LookPath("script")
	if err != nil {
		if testutil.CI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	self := command(t, "bench", "--only", "^native$", "--time", "300ms")
	cmd := exec.CommandContext(t.Context(), script, "-qec", strings.Join(self.Args, " ")+" >/dev/null", "/dev/null")
	cmd.Env = append(self.Env, "TERM=xterm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("%")) || !bytes.HasSuffix(bytes.TrimRight(out, "\r\n"), []byte("\r\x1b[K")) {
		t.Errorf("the terminal saw %q", out)
	}
}
