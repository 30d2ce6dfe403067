package regs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// start runs a program and stops it, traced by the test's own OS thread,
// which is never unlocked: it ends with the test and takes the tracee with it.
// The program's stdin comes to its end when it is stopped: one that must do
// nothing before it is traced reads it first.
func start(t testing.TB, argv ...string) int {
	t.Helper()
	runtime.LockOSThread()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: []string{}, Files: []uintptr{r.Fd()}})
	r.Close()
	if err != nil {
		missing(t, "%s: %v", argv[0], err)
	}
	t.Cleanup(func() { end(pid) })
	if err := ptrace.Seize(pid, unix.PTRACE_O_EXITKILL); err != nil {
		missing(t, "ptrace: %v", err)
	}
	interrupt(t, pid)
	return pid
}

func interrupt(t testing.TB, pid int) {
	t.Helper()
	if err := ptrace.Interrupt(pid); err != nil {
		t.Fatal(err)
	}
	if ws := wait(t, pid); !ws.Stopped() {
		t.Fatalf("wait status %#x", int(ws))
	}
}

func wait(t testing.TB, pid int) unix.WaitStatus {
	t.Helper()
	var status uint32
	for {
		_, err := ptrace.Wait(pid, unix.WALL, &status, nil)
		if err == nil {
			return unix.WaitStatus(status)
		}
		if err != unix.EINTR {
			t.Fatal("wait:", err)
		}
	}
}

func end(pid int) {
	syscall.Kill(pid, syscall.SIGKILL)
	for {
		var status uint32
		_, err := ptrace.Wait(pid, unix.WALL, &status, nil)
		ws := unix.WaitStatus(status)
		if err != unix.EINTR && (err != nil || ws.Exited() || ws.Signaled()) {
			return
		}
	}
}

// missing skips, but not where everything is promised to be there.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// compile builds a C program.
func compile(t testing.TB, source string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program+".c", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-O1", "-o", program, program+".c").CombinedOutput(); err != nil {
		missing(t, "gcc: %v\n%s", err, out)
	}
	return program
}
