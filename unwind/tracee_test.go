package unwind_test

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/internal/testutil"
	"warder/regs"
	"warder/unwind"
)

var programs string // directory of the executables

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "warder-unwind-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	if err := os.RemoveAll(programs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

var building sync.Mutex

// build compiles a program of testdata once for each set of flags.
func build(t testing.TB, source string, flags ...string) string {
	t.Helper()
	return buildEnv(t, source, []string{"CGO_ENABLED=0"}, flags...)
}

func buildEnv(t testing.TB, source string, env []string, flags ...string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	h := fnv.New64a()
	fmt.Fprint(h, flags)
	out := filepath.Join(programs, fmt.Sprintf("%s-%x", strings.TrimSuffix(source, filepath.Ext(source)), h.Sum64()))
	if _, err := os.Stat(out); err == nil {
		return out
	}
	path, err := filepath.Abs(filepath.Join("testdata", source))
	if err != nil {
		t.Fatal(err)
	}
	compiler := map[string]string{".c": "gcc", ".cc": "g++", ".s": "gcc", ".rs": "rustc", "": "go"}[filepath.Ext(source)]
	args := append([]string{"-o", out, path}, flags...)
	cmd := exec.Command(compiler, args...)
	if compiler == "go" {
		cmd = exec.Command("go", append(append([]string{"build", "-buildvcs=false", "-o", out}, flags...), ".")...)
		cmd.Dir = path
		cmd.Env = append(append(os.Environ(), "GOFLAGS="), env...)
	}
	if _, err := exec.LookPath(compiler); err != nil {
		if testutil.CI() && compiler != "rustc" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said)
	}
	return out
}

// tracee is a stopped process, traced by the test's own OS thread.
type tracee struct {
	pid  int
	tids []int
}

// start runs a program until it says "ready" and, unless spins, until its
// first thread sleeps, and stops all of its threads. The test's thread is
// never unlocked: it ends with the test and takes the tracee with it.
func start(t testing.TB, spins bool, argv ...string) *tracee {
	t.Helper()
	if spins {
		return startAt(t, func(int) bool { return true }, argv...)
	}
	return startAt(t, asleep, argv...)
}

// startAt is start for a program that is stopped when it is there.
func startAt(t testing.TB, there func(pid int) bool, argv ...string) *tracee {
	t.Helper()
	testutil.Require(t, testutil.Ptrace)
	runtime.LockOSThread()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: []string{}, Files: []uintptr{0, w.Fd(), 2}})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracee{pid: pid}
	t.Cleanup(tr.end)
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the program said %q: %v", line, err)
	}
	for deadline := time.Now().Add(10 * time.Second); !there(pid); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the program does not come to its place")
		}
	}
	tr.seize(t)
	return tr
}

// waits says whether the first thread of a Go program is inside the call that
// it waits in: before, the runtime may have it on another stack, at a futex.
func waits(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	nr, _, _ := strings.Cut(string(b), " ")
	n, notOne := strconv.Atoi(nr) // "running" is none
	return err == nil && notOne == nil && n != unix.SYS_FUTEX && n != unix.SYS_WRITE
}

// asleep says whether all threads of a process sleep.
func asleep(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			return false
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if !strings.HasPrefix(rest, "S") {
			return false
		}
	}
	return len(stats) > 0
}

func (tr *tracee) seize(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", tr.pid))
	if err != nil {
		t.Fatal(err)
	}
	tr.tids = nil
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		tr.tids = append(tr.tids, tid)
		if err := ptrace.Seize(tid, unix.PTRACE_O_EXITKILL); err != nil {
			t.Fatal("seize:", err)
		}
		if err := ptrace.Interrupt(tid); err != nil {
			t.Fatal("interrupt:", err)
		}
		if ws := tr.wait(t, tid); !ws.Stopped() {
			t.Fatalf("wait status %#x", int(ws))
		}
	}
}

func (tr *tracee) wait(t testing.TB, tid int) unix.WaitStatus {
	t.Helper()
	var status uint32
	for {
		_, err := ptrace.Wait(tid, unix.WALL, &status, nil)
		if err == nil {
			return unix.WaitStatus(status)
		}
		if err != unix.EINTR {
			t.Fatal("wait:", err)
		}
	}
}

// release ends the tracing and leaves the process where it is: the pending
// SIGSTOP takes effect before an instruction is executed.
func (tr *tracee) release(t testing.TB) {
	t.Helper()
	if err := syscall.Kill(tr.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, tid := range tr.tids {
		if err := ptrace.Detach(tid, 0); err != nil {
			t.Fatal("detach:", err)
		}
	}
}

func (tr *tracee) end() {
	syscall.Kill(tr.pid, syscall.SIGKILL)
	// The first thread cannot be reaped before the others that are traced.
	for _, tid := range append(slices.DeleteFunc(slices.Clone(tr.tids), func(tid int) bool { return tid == tr.pid }), tr.pid) {
		for {
			var status uint32
			_, err := ptrace.Wait(tid, unix.WALL, &status, nil)
			ws := unix.WaitStatus(status)
			if err != unix.EINTR && (err != nil || ws.Exited() || ws.Signaled()) {
				break
			}
		}
	}
}

// trace makes the backtrace of a thread.
func (tr *tracee) trace(t testing.TB, u *unwind.Unwinder, tid int) unwind.Trace {
	t.Helper()
	p, err := unwind.Live(tid)
	if err != nil {
		t.Fatal(err)
	}
	r, err := regs.Read(tid)
	if err != nil {
		t.Fatal(err)
	}
	return u.Backtrace(p, r)
}

// gdbFrame is a frame as gdb sees it.
type gdbFrame struct {
	pc             uint64
	kind           string // "normal", "inline", "signal"
	function, file string
	line           int
}

// gdb returns what gdb makes of the stacks of a process, by thread, which it
// attaches to.
func gdb(t testing.TB, pid int, settings ...string) map[int][]gdbFrame {
	t.Helper()
	args := []string{"-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set auto-load off"}
	for _, s := range append([]string{"set backtrace past-main on", "set print inferior-events off"}, settings...) {
		args = append(args, "-iex", s)
	}
	args = append(args, "-p", strconv.Itoa(pid), "-ex", "source testdata/frames.py")
	cmd := exec.Command("gdb", args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		if exec.Command("gdb", "--version").Run() != nil && !testutil.CI() {
			t.Skip("gdb:", err)
		}
		t.Fatalf("gdb: %v\n%s", err, said.String())
	}
	threads := map[int][]gdbFrame{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 7 || f[0] != "frame" {
			continue
		}
		tid, _ := strconv.Atoi(f[1])
		pc, _ := strconv.ParseUint(strings.TrimPrefix(f[2], "0x"), 16, 64)
		n, _ := strconv.Atoi(f[6])
		threads[tid] = append(threads[tid], gdbFrame{pc, f[3], f[4], f[5], n})
	}
	if len(threads) == 0 {
		t.Fatalf("gdb saw no frame:\n%s\n%s", out, said.String())
	}
	return threads
}

// outer drops inlined frames, and keeps the pc.
func outer(frames []gdbFrame) []gdbFrame {
	return slices.DeleteFunc(slices.Clone(frames), func(f gdbFrame) bool { return f.kind == "inline" })
}
