package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warder/internal/testutil"
	"warder/record"
)

// beWarder in the environment makes this test binary the command itself, so
// that the tests run real processes of what they were built from.
const beWarder = "WARDER_TEST_IS_WARDER"

func TestMain(m *testing.M) {
	if os.Getenv(beWarder) != "" {
		os.Exit(execute(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// hung is when a command line is given up.
const hung = 20 * time.Second

// command prepares warder with clean variables.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return commandFor(t, hung, args...)
}

// commandFor prepares one that may take longer.
func commandFor(t testing.TB, patience time.Duration, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A warder that hangs is a failed test, not a suite that hangs.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.WaitDelay = time.Second
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WARDER_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, beWarder+"=1")
	return cmd
}

// outcome is what a finished command shows.
type outcome struct {
	status         int
	stdout, stderr string
}

func finish(t testing.TB, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !cmd.ProcessState.Exited() {
		t.Fatalf("warder %q: %v\n%s", cmd.Args[1:], cmd.ProcessState, stderr.String())
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// warder runs one command line.
func warder(t testing.TB, args ...string) outcome {
	t.Helper()
	return finish(t, command(t, args...))
}

func (o outcome) want(t testing.TB, status int, stderr string) {
	t.Helper()
	if o.status != status {
		t.Errorf("exit status %d, want %d\n%s", o.status, status, o.stderr)
	}
	if stderr == "" && o.stderr != "" || !strings.Contains(o.stderr, stderr) {
		t.Errorf("standard error %q, want %q in it", o.stderr, stderr)
	}
}

// needs is what every live test of the default engine needs.
func needs(t testing.TB) {
	t.Helper()
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock)
}

func readReport(t testing.TB, text []byte) *record.Report {
	t.Helper()
	var r record.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("report %q: %v", text, err)
	}
	return &r
}

func reportFile(t testing.TB, path string) *record.Report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return readReport(t, text)
}

// script writes an executable file.
func script(t testing.TB, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestImports: a short run must not pay for the metrics' library.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if strings.HasPrefix(dep, "github.com/prometheus/") || dep == "warder/record/metrics" {
			t.Errorf("warder links %s", dep)
		}
	}
}
