package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/tracer"
)

func TestLiveSort(t *testing.T) {
	needs(t)
	cmd := command(t, "run", "--", "/usr/bin/sort", "-n")
	cmd.Stdin = strings.NewReader("3\n1\n2\n")
	o := finish(t, cmd)
	o.want(t, 0, "")
	if o.stdout != "1\n2\n3\n" {
		t.Errorf("sorted: %q", o.stdout)
	}
}

func TestLiveViolation(t *testing.T) {
	needs(t)
	report := filepath.Join(t.TempDir(), "report.json")
	o := warder(t, "run", "--report", report, "--", "/bin/cat", "/etc/passwd")
	o.want(t, 159, `warder: policy violation: openat(AT_FDCWD, "/etc/passwd", O_RDONLY) at `)
	if o.stdout != "" {
		t.Errorf("the file leaked: %q", o.stdout)
	}
	if strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("more than one line: %q", o.stderr)
	}
	r := reportFile(t, report)
	if r.Schema != 1 || r.Status != "policy-violation" || r.ExitCode != nil || r.Engine != "hybrid" || r.Policy != "compute" {
		t.Errorf("report %+v", r)
	}
	v := r.Violation
	if v == nil || v.Syscall != "openat" || *v.NR != 257 || v.Decoded != `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)` ||
		!strings.HasPrefix(v.Rule, "compute.yaml:") || len(v.Args) != 6 || v.TID == 0 {
		t.Errorf("violation %+v", v)
	}
	left, err := os.ReadDir(filepath.Dir(report))
	if err != nil || len(left) != 1 {
		t.Errorf("files beside the report: %v, %v", left, err)
	}
}

// TestLiveStatus: who ended the program, as an exit status.
func TestLiveStatus(t *testing.T) {
	needs(t)
	plain := script(t, "plain", "text\n", 0o644)
	text := script(t, "text", "no program\n", 0o755)
	hashbang := script(t, "script", "#!/bin/sh\nexit 0\n", 0o755)
	for name, c := range map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"true":              {[]string{"true"}, 0, ""},
		"false":             {[]string{"--", "/bin/false"}, 1, ""},
		"one -- is removed": {[]string{"--", "echo", "--", "x"}, 0, ""},
		"flags end":         {[]string{"echo", "--engine", "nonsense"}, 0, ""},
		"cpu":               {[]string{"--cpu-time", "0.1", "--", "awk", "BEGIN { while (1); }"}, 124, "warder: CPU time limit: "},
		"wall":              {[]string{"--wall-time", "100ms", "sleep", "5"}, 124, "warder: wall time limit: "},
		"output":            {[]string{"--output", "1K", "--stdout", "/dev/full", "--", "yes"}, 153, "warder: output limit: "},
		"memory":            {[]string{"--memory", "16M", "--", "awk", `BEGIN { s = "xxxxxxxxxxxxxxxx"; while (1) s = s s }`}, 137, "warder: memory limit: "},
		"child":             {[]string{"--exit-code", "child", "cat", "/etc/passwd"}, 137, "policy violation"},
		"zero":              {[]string{"--exit-code", "zero", "cat", "/etc/passwd"}, 0, "policy violation"},
		"zero, missing":     {[]string{"--exit-code", "zero", "/nonexistent"}, 127, "warder: /nonexistent: no such file"},
		"quiet":             {[]string{"-q", "cat", "/etc/passwd"}, 159, ""},
		"signal":            {[]string{"--", "awk", `BEGIN { printf "x" > "/dev/stdout"; exit 7 }`}, 7, ""},
		"not found":         {[]string{"no-such-program"}, 127, "warder: no-such-program: not found in PATH"},
		"no such file":      {[]string{"./no-such-program"}, 127, "warder: ./no-such-program: no such file"},
		"no such directory": {[]string{plain + "/x"}, 127, "not a directory"},
		"not executable":    {[]string{plain}, 126, "permission denied"},
		"directory":         {[]string{"/tmp/"}, 126, "directory"},
		"not a program":     {[]string{text}, 126, "not an ELF file"},
		"script":            {[]string{hashbang}, 126, "script"},
		"no program":        {nil, 125, "warder: no program given"},
		"unknown flag":      {[]string{"--polcy", "x", "true"}, 125, `(did you mean "policy"?)`},
		"unknown letter":    {[]string{"-Z", "true"}, 125, "warder: unknown shorthand flag"},
		"bad size":          {[]string{"--memory", "64Q", "true"}, 125, `"64Q" is not a size`},
		"zero size":         {[]string{"--memory", "0", "true"}, 125, "more than 0"},
		"bad engine":        {[]string{"--engine", "turbo", "true"}, 125, `unknown engine "turbo"`},
		"bad policy":        {[]string{"-p", "computer", "true"}, 125, `(did you mean "compute"?)`},
		"no policy file":    {[]string{"-p", "./x.yaml", "true"}, 125, "no such file"},
		"bad exit code":     {[]string{"--exit-code", "none", "true"}, 125, "--exit-code"},
		"bad report":        {[]string{"--report", "/nonexistent/r", "true"}, 125, "warder: report: open /nonexistent/r: no such file"},
		"bad format":        {[]string{"--report-format", "xml", "true"}, 125, "--report-format"},
		"bad descriptor":    {[]string{"--report-fd", "77", "true"}, 125, "descriptor 77: bad file descriptor"},
		"two reports":       {[]string{"--report", "-", "--report-fd", "2", "true"}, 125, "give one of them"},
		"bad weaken":        {[]string{"--weaken", "seccomp", "true"}, 125, "--weaken"},
		"bad input":         {[]string{"-i", "/nonexistent", "true"}, 125, "--stdin"},
		"bad grant":         {[]string{"--read", "/nonexistent", "true"}, 125, "--read"},
		"bad dir":           {[]string{"--dir", "/nonexistent", "true"}, 125, "working directory"},
		"strict and policy": {[]string{"--engine", "strict", "-p", "compute", "true"}, 125, "strict profile and nothing else"},
		"seccomp, compute":  {[]string{"--engine", "seccomp", "true"}, 125, "needs a stop"},
	} {
		t.Run(name, func(t *testing.T) {
			warder(t, append([]string{"run"}, c.args...)...).want(t, c.status, c.stderr)
		})
	}
}

func TestLiveReportPlaces(t *testing.T) {
	needs(t)
	o := warder(t, "run", "-q", "--report", "-", "true")
	if r := readReport(t, []byte(o.stderr)); r.Status != "ok" || r.ExitCode == nil || *r.ExitCode != 0 || r.Program == "" {
		t.Errorf("--report -: %+v", r)
	}
	o = warder(t, "run", "--report", "/dev/stdout", "--", "echo", "hello")
	if rest, ok := strings.CutPrefix(o.stdout, "hello\n"); !ok || readReport(t, []byte(rest)).OutputBytes != 6 {
		t.Errorf("--report /dev/stdout: %q", o.stdout)
	}

	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	cmd := command(t, "run", "--report-fd", "3", "--report-format", "isolate", "false")
	cmd.ExtraFiles = []*os.File{pw}
	finish(t, cmd).want(t, 1, "")
	pw.Close()
	if text, err := io.ReadAll(pr); err != nil || !strings.Contains(string(text), "status:RE\n") {
		t.Errorf("--report-fd: %q, %v", text, err)
	}

	// An old report is replaced, through a link too, and the link stays.
	dir := t.TempDir()
	old, link := filepath.Join(dir, "old"), filepath.Join(dir, "link")
	if err := os.WriteFile(old, []byte(strings.Repeat("x", 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old", link); err != nil {
		t.Fatal(err)
	}
	warder(t, "run", "--report", link, "true").want(t, 0, "")
	if r := reportFile(t, old); r.Status != "ok" {
		t.Errorf("report %+v", r)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", st, err)
	}
	// A launch that fails has a report as well.
	warder(t, "run", "--report", old, "no-such-program").want(t, 127, "not found")
	if r := reportFile(t, old); r.Status != "error" || r.ExitCode != nil || !strings.Contains(r.Message, "not found") {
		t.Errorf("report %+v", r)
	}
}

// TestLiveReportsOfOneName: of warders that report to one file at once each
// leaves a whole report, and none leaves another file; nor does what one left
// that was killed as it gave the report its name.
func TestLiveReportsOfOneName(t *testing.T) {
	needs(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "report.json")
	alone := func() {
		t.Helper()
		if r := reportFile(t, name); r.Status != "ok" {
			t.Errorf("report %+v", r)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("files beside the report: %v, %v", left, err)
		}
	}
	for range 3 {
		var all sync.WaitGroup
		for range 8 {
			cmd := command(t, "run", "--report", name, "true")
			all.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		all.Wait()
		alone()
	}
	// Where the file system has none.
	named := report{name: name, temp: filepath.Join(dir, ".warder-report-x")}
	var err error
	if named.file, err = os.Create(named.temp); err != nil {
		t.Fatal(err)
	}
	if err := named.write(&tracer.Result{}, "true"); err != nil {
		t.Error(err)
	}
	alone()
	if tmp, err := os.OpenFile(dir, unix.O_TMPFILE|os.O_WRONLY, 0o600); err != nil {
		t.Skipf("%s has only files with names: %v", dir, err)
	} else {
		tmp.Close()
	}
	second := secondName(name)
	if err := os.WriteFile(second, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(second)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	warder(t, "run", "--report", name, "true").want(t, 0, "")
	if _, err := os.Stat(second); err != nil {
		t.Errorf("the second name of a warder that lives: %v", err)
	}
	held.Close()
	warder(t, "run", "--report", name, "true").want(t, 0, "")
	alone()
}

func TestLiveFilesAndEnvironment(t *testing.T) {
	needs(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("b\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	warder(t, "run", "-i", in, "--stdout", out, "sort").want(t, 0, "")
	if text, err := os.ReadFile(out); err != nil || string(text) != "a\nb\n" {
		t.Errorf("sorted: %q, %v", text, err)
	}
	o := warder(t, "run", "-E", "A=b c", "--env", "NO_SUCH_VARIABLE", "env")
	o.want(t, 0, "")
	if o.stdout != programPath+"\nA=b c\n" {
		t.Errorf("environment %q", o.stdout)
	}
	// A variable stands for a flag, and the flag wins.
	cmd := command(t, "run", "cat", "/etc/passwd")
	cmd.Env = append(cmd.Env, "WARDER_EXIT_CODE=zero", "WARDER_QUIET=true")
	finish(t, cmd).want(t, 0, "")
	cmd = command(t, "run", "--exit-code", "child", "cat", "/etc/passwd")
	cmd.Env = append(cmd.Env, "WARDER_EXIT_CODE=zero")
	finish(t, cmd).want(t, 137, "policy violation")
	cmd = command(t, "run", "true")
	cmd.Env = append(cmd.Env, "WARDER_CPU_TIME=soon")
	finish(t, cmd).want(t, 125, `warder: WARDER_CPU_TIME: "soon" is not a duration`)
}

func TestLiveLog(t *testing.T) {
	needs(t)
	o := warder(t, "run", "--log-level", "info", "--log-format", "json", "true")
	if !strings.Contains(o.stderr, `"msg":"session end"`) || !strings.Contains(o.stderr, `"level":"info"`) {
		t.Errorf("log %q", o.stderr)
	}
	warder(t, "run", "--log-level", "loud", "true").want(t, 125, "--log-level")
}

// start runs warder with its standard output in a pipe, and returns the
// reading end once there is something in it.
func start(t *testing.T, args ...string) (*exec.Cmd, io.Closer) {
	t.Helper()
	cmd := command(t, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// waitFor waits for a command's end.
func waitFor(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Wait() // its status is for the caller to judge
	if !cmd.ProcessState.Exited() {
		t.Fatalf("it did not end by itself: %v", cmd.ProcessState)
	}
}

// waiting prints a line and then sleeps in a read that never ends.
var waiting = []string{"--", "awk", `BEGIN { print "begun"; fflush(); while (1) getline < "-" }`}

func TestLiveInterrupt(t *testing.T) {
	needs(t)
	for sig, status := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		t.Run(sig.String(), func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "r.json")
			in, keep, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer keep.Close()
			defer in.Close()
			var stderr strings.Builder
			cmd := command(t, append([]string{"run", "--report", report}, waiting...)...)
			cmd.Stdin, cmd.Stderr = in, &stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			waitFor(t, cmd)
			if took := time.Since(began); took > stuck {
				t.Errorf("it took %v to end", took)
			}
			if got := cmd.ProcessState.ExitCode(); got != status {
				t.Errorf("exit status %d, want %d: %s", got, status, stderr.String())
			}
			r := reportFile(t, report)
			if r.Status != "error" || !strings.Contains(r.Message, "interrupted") {
				t.Errorf("report %+v", r)
			}
		})
	}
}

// TestLiveStuckOutput: nobody reads the output, and warder ends all the same.
func TestLiveStuckOutput(t *testing.T) {
	needs(t)
	report := filepath.Join(t.TempDir(), "r.json")
	cmd, out := start(t, "run", "--report", report, "yes")
	defer out.Close()                  // Wait would close it too, but only at the end
	time.Sleep(100 * time.Millisecond) // until the pipe is full
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	waitFor(t, cmd)
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("it ended as %v", cmd.ProcessState)
	}
	if r := reportFile(t, report); !strings.Contains(r.Message, "interrupted") {
		t.Errorf("report %+v", r)
	}
}

// TestLiveBrokenPipe: a reader that goes away ends the program, not warder.
func TestLiveBrokenPipe(t *testing.T) {
	needs(t)
	report := filepath.Join(t.TempDir(), "r.json")
	cmd, out := start(t, "run", "--report", report, "yes")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, cmd)
	if got := cmd.ProcessState.ExitCode(); got != 128+int(syscall.SIGPIPE) {
		t.Errorf("it ended as %v", cmd.ProcessState)
	}
	if r := reportFile(t, report); r.Status != "signaled" || r.Signal == nil || *r.Signal != "SIGPIPE" {
		t.Errorf("report %+v", r)
	}
}

func TestLiveClosedDescriptors(t *testing.T) {
	needs(t)
	self := command(t, "run", "true")
	for _, closed := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `exec "$0" run -q cat `+closed, self.Path)
		cmd.Env = self.Env
		finish(t, cmd).want(t, 0, "")
	}
}

func TestLiveEngines(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	warder(t, "run", "--engine", "ptrace", "cat", "/etc/passwd").want(t, 159, "openat(AT_FDCWD")
}
