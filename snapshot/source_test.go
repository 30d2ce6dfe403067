package snapshot_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/internal/testutil"
	"warder/memory"
	"warder/regs"
	"warder/snapshot"
)

// tracee is a program that a goroutine of its own traces: the simplest Source.
type tracee struct {
	pid      int
	work     chan func()
	seized   map[int]bool
	stopped  []snapshot.Stopped
	within   bool   // a function of Do runs
	keep     bool   // Start leaves it stopped
	keepFrom int    // so does the Start behind so many
	gadget   uint64 // address of a syscall instruction
	stdin    io.WriteCloser
	stdout   *bufio.Reader
}

var _ snapshot.Injector = (*tracee)(nil)

// start runs a program, waits for its first line of output, and seizes all of
// its threads.
func start(t testing.TB, argv ...string) *tracee {
	t.Helper()
	testutil.Require(t, testutil.Ptrace)
	tr := launch(t, argv...)
	line, err := tr.stdout.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		t.Fatalf("%s said %q: %v", argv[0], line, err)
	}
	return tr
}

// launch runs a program without waiting for it to say anything.
func launch(t testing.TB, argv ...string) *tracee {
	t.Helper()
	in, stdin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracee{work: make(chan func()), seized: map[int]bool{}, stdin: stdin, stdout: bufio.NewReader(stdout)}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the tracees end with the thread
		tr.pid, err = syscall.ForkExec(path, argv, &syscall.ProcAttr{
			Env: []string{"PATH=" + os.Getenv("PATH"), "GOMAXPROCS=2"}, Files: []uintptr{in.Fd(), out.Fd(), 2},
			Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
		})
		started <- err
		for f := range tr.work {
			f()
		}
	}()
	err = <-started
	_, _ = in.Close(), out.Close()
	t.Cleanup(func() { tr.end(); _, _ = stdin.Close(), stdout.Close() })
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *tracee) PID() int { return tr.pid }

// Do runs f on the tracing thread; within f it is that already.
func (tr *tracee) Do(f func() error) error {
	if tr.within {
		return f()
	}
	done := make(chan error)
	tr.work <- func() {
		tr.within = true
		err := f()
		tr.within = false
		done <- err
	}
	return <-done
}

func (tr *tracee) end() {
	if tr.pid > 0 {
		_ = syscall.Kill(tr.pid, syscall.SIGKILL)
		_ = tr.Do(func() error {
			var status uint32
			for {
				// Threads first: the leader's death is reported last.
				if _, err := ptrace.Wait(-1, unix.WALL|unix.WNOTHREAD, &status, nil); err != nil && err != unix.EINTR {
					return nil
				}
			}
		})
	}
	close(tr.work)
}

// Stop seizes and interrupts until no thread is new.
func (tr *tracee) Stop() ([]snapshot.Stopped, error) {
	err := tr.Do(func() error {
		if tr.stopped != nil {
			return nil
		}
		held := map[int]bool{}
		for {
			tids, err := procfs.ThreadIDs(tr.pid)
			if err != nil {
				return err
			}
			fresh := false
			for _, tid := range tids {
				if held[tid] {
					continue
				}
				fresh = true
				held[tid] = true
				stop, err := tr.hold(tid)
				if errors.Is(err, unix.EPERM) && tid == tr.pid {
					continue // a leader that has ended cannot be traced
				}
				if errors.Is(err, unix.ESRCH) {
					continue
				}
				if err != nil {
					return err
				}
				tr.stopped = append(tr.stopped, stop)
			}
			if !fresh {
				return nil
			}
		}
	})
	return tr.stopped, err
}

func (tr *tracee) hold(tid int) (stop snapshot.Stopped, err error) {
	stop.TID = tid
	if !tr.seized[tid] {
		if err := ptrace.Seize(tid, unix.PTRACE_O_EXITKILL); err != nil {
			return stop, fmt.Errorf("seize %d: %w", tid, err)
		}
		tr.seized[tid] = true
	}
	if err := ptrace.Interrupt(tid); err != nil {
		return stop, err
	}
	status, err := wait(tid)
	if err != nil {
		return stop, err
	}
	if status>>16 == 0 { // not the event-stop: a signal came first
		stop.Signal = int(status >> 8 & 0xff)
	}
	return stop, nil
}

func wait(tid int) (uint32, error) {
	var status uint32
	for {
		_, err := ptrace.Wait(tid, unix.WALL, &status, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case !unix.WaitStatus(status).Stopped():
			return 0, unix.ESRCH
		default:
			return status, nil
		}
	}
}

// next waits for the next stop of any thread and lets it go on.
func (tr *tracee) next(t testing.TB) (stop snapshot.Stopped) {
	err := tr.Do(func() error {
		var status uint32
		tid, err := ptrace.Wait(-1, unix.WALL|unix.WNOTHREAD, &status, nil)
		if err != nil {
			return err
		}
		stop = snapshot.Stopped{TID: tid, Signal: int(status >> 8 & 0xff)}
		return ptrace.Cont(tid, stop.Signal)
	})
	if err != nil {
		t.Error(err)
	}
	return stop
}

// Start lets all threads go on.
func (tr *tracee) Start() error {
	if tr.keepFrom > 0 {
		tr.keepFrom--
		tr.keep = tr.keepFrom == 0
	} else if tr.keep {
		return nil
	}
	return tr.Do(func() error {
		for _, stop := range tr.stopped {
			if err := ptrace.Cont(stop.TID, stop.Signal); err != nil && err != unix.ESRCH {
				return err
			}
		}
		tr.stopped = nil
		return nil
	})
}

// Inject makes each call by a single step over a syscall instruction of the
// vDSO's.
func (tr *tracee) Inject(tid int, calls []snapshot.Call) error {
	return tr.Do(func() error {
		if tr.gadget == 0 {
			if err := tr.findGadget(tid); err != nil {
				return err
			}
		}
		saved, err := regs.Read(tid)
		if err != nil {
			return err
		}
		for i := range calls {
			if err := tr.inject(tid, saved, &calls[i]); err != nil {
				return errors.Join(err, saved.Write(tid))
			}
		}
		return saved.Write(tid)
	})
}

func (tr *tracee) findGadget(tid int) error {
	maps, err := memory.Of(tid).Maps()
	if err != nil {
		return err
	}
	for _, m := range maps {
		if m.Path == "[vdso]" {
			b := make([]byte, m.Size())
			if _, err := memory.Of(tid).ReadAt(b, int64(m.Start)); err != nil {
				return err
			}
			if i := bytes.Index(b, []byte{0x0f, 0x05}); i >= 0 {
				tr.gadget = m.Start + uint64(i)
				return nil
			}
		}
	}
	return errors.New("no syscall instruction in the vDSO")
}

func (tr *tracee) inject(tid int, saved *regs.Regs, call *snapshot.Call) error {
	r := *saved
	setCall(&r, call, tr.gadget)
	if err := r.Write(tid); err != nil {
		return err
	}
	if err := step(tid); err != nil {
		return err
	}
	if status, err := wait(tid); err != nil || status>>8 != uint32(unix.SIGTRAP) {
		return fmt.Errorf("step over an injected call: status %#x, %w", status, err)
	}
	after, err := regs.Read(tid)
	if err != nil {
		return err
	}
	call.Result = result(after)
	return nil
}

// letGo ends the tracing; the process runs on.
func (tr *tracee) letGo(t testing.TB) {
	t.Helper()
	stops, err := tr.Stop()
	if err == nil {
		err = tr.Do(func() error {
			for _, stop := range stops {
				if err := ptrace.Detach(stop.TID, stop.Signal); err != nil {
					return err
				}
			}
			tr.stopped, tr.seized = nil, map[int]bool{}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// compile builds a program from a source in testdata.
func compile(t testing.TB, name string, args ...string) string {
	t.Helper()
	source := "testdata/" + name
	tool := "gcc"
	switch {
	case strings.HasSuffix(name, ".cc"):
		tool = "g++"
	case strings.HasSuffix(name, ".go"):
		tool = "go"
	}
	path, err := exec.LookPath(tool)
	if err != nil {
		if testutil.CI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	program := t.TempDir() + "/program"
	argv := append([]string{"-O0", "-g", "-pthread", "-o", program, source}, args...)
	if tool == "go" {
		argv = []string{"build", "-gcflags=all=-N -l", "-o", program, source}
	}
	cmd := exec.Command(path, argv...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, out)
	}
	return program
}

// descriptors are where the process's descriptors lead.
func descriptors(t testing.TB, pid int) string {
	t.Helper()
	fds, err := procfs.Descriptors(pid)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, fd := range fds {
		path, _ := procfs.ReadLink(pid, fmt.Sprintf("fd/%d", fd))
		list = append(list, path)
	}
	return strings.Join(list, " ")
}
