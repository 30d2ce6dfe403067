package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// scratch holds what is built for one run of the benchmarks.
var scratch string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "warder-bench-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // held programs are somebody else's
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	defer tracer.CloseIdle()
	scratch = dir
	return m.Run()
}

// built keeps executables by name.
var built sync.Map

// once builds name with command unless that was done; the output's name goes
// behind the arguments. A benchmark whose subject cannot be built is skipped
// with the reason.
func once(b testing.TB, name, dir, command string, args ...string) string {
	b.Helper()
	build := func() (string, error) {
		tool, err := exec.LookPath(command)
		if err != nil {
			return "", err
		}
		out := filepath.Join(scratch, name)
		cmd := exec.Command(tool, args...)
		cmd.Args = append(cmd.Args, "-o", out)
		if command == "go" {
			cmd.Args = append([]string{tool, "build", "-trimpath", "-o", out}, args...)
		}
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", name, err, said)
		}
		return out, os.Chmod(out, 0o755)
	}
	entry, _ := built.LoadOrStore(name, sync.OnceValues(build))
	path, err := entry.(func() (string, error))()
	if err != nil {
		b.Skip(err)
	}
	return path
}

// workload is the executable of workloads/name.c.
func workload(b testing.TB, name string) string {
	b.Helper()
	return once(b, name, "workloads", "gcc", "-O2", "-static", "-pthread", "-Wall", "-Wextra", name+".c")
}

// command is the warder command, built as it is shipped.
func command(b *testing.B) string {
	b.Helper()
	return once(b, "warder", "..", "go", "-ldflags=-s -w", "./cmd/warder")
}

// nothing is a Go program without work, built as the command is.
func nothing(b *testing.B) string {
	b.Helper()
	source := filepath.Join(scratch, "nothing.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	return once(b, "nothing", scratch, "go", "-ldflags=-s -w", source)
}

// programOf is an executable of the live tests.
func programOf(b *testing.B, name string) string {
	b.Helper()
	return testprog.Program(b, name)
}

// live skips what this machine cannot hold.
func live(b testing.TB) {
	b.Helper()
	testutil.Require(b, testutil.Ptrace, testutil.Seccomp)
	if runtime.GOARCH != "amd64" {
		b.Skip("no launch stub for this architecture")
	}
	b.Cleanup(tracer.CloseIdle) // no stub of one figure is there in the next
}
