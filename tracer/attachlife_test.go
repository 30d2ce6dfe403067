package tracer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

func init() { roles["attach"] = attachByOrder }

const (
	orderPID    = "WARDER_TRACER_PID"    // whom to attach to
	orderFilter = "WARDER_TRACER_FILTER" // with ptrace refused by a filter
)

// attachByOrder is another program that attaches: it says so, or why it
// cannot, and lets go when its input ends.
func attachByOrder() int {
	pid, _ := strconv.Atoi(os.Getenv(orderPID))
	if os.Getenv(orderFilter) != "" {
		if err := refuse(unix.SYS_PTRACE); err != nil {
			fmt.Println("filter:", err)
			return 1
		}
	}
	a, err := tracer.Attach(pid)
	if err != nil {
		fmt.Println(err)
		return 3
	}
	fmt.Println("attached")
	_, _ = os.Stdin.Read(make([]byte, 1))
	if err := a.Detach(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// refuse installs a filter for all threads by which one call is EPERM.
func refuse(nr uint32) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: nr},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x00050000 | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000},
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return seccompAll(prog)
}

// another starts this test binary in a role, with more in its environment.
func another(t testing.TB, role string, attr *syscall.SysProcAttr, env ...string) *running {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(env, roleVariable+"="+role)
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	return started(t, cmd)
}

func attacher(t testing.TB, pid int, attr *syscall.SysProcAttr, env ...string) *running {
	t.Helper()
	return another(t, "attach", attr, append(env, fmt.Sprintf("%s=%d", orderPID, pid))...)
}

// TestLiveAttachSupervisorKilled: the process goes on when whoever holds it is
// killed, or stays stopped where it was, and no signal is lost.
func TestLiveAttachSupervisorKilled(t *testing.T) {
	p := launched(t, "sigcount")
	sent := 0
	for i := range 20 {
		stopped := i%2 == 1
		if stopped {
			if err := unix.Kill(p.pid, unix.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			reaches(t, "a group-stop", func() bool { return state(p.pid) == 'T' })
		}
		other := attacher(t, p.pid, nil)
		if got := strings.Join(other.first, " "); got != "attached" || state(p.pid) != 't' {
			t.Fatalf("%s, state %c", got, state(p.pid))
		}
		if err := queue(p.pid, rtmin, 1); err != nil {
			t.Fatal(err)
		}
		sent++
		if err := other.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if stopped {
			reaches(t, "the group-stop again", func() bool { return state(p.pid) == 'T' })
			if err := unix.Kill(p.pid, unix.SIGCONT); err != nil {
				t.Fatal(err)
			}
		}
		reaches(t, "the process goes on", func() bool { return state(p.pid) == 'S' })
	}
	reaches(t, "every signal is counted", func() bool {
		if err := p.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		return p.line(t) == fmt.Sprintf("%d %d 0", sent, sent)
	})
}

// TestLiveAttachDeath: a process that is killed while it is held is an error
// that says so, and its parent is told how it ended.
func TestLiveAttachDeath(t *testing.T) {
	gone := func(err error) {
		t.Helper()
		var access *tracer.AccessError
		if !errors.Is(err, tracer.ErrGone) || !errors.Is(err, unix.ESRCH) || !errors.As(err, &access) || !strings.Contains(err.Error(), "it was killed meanwhile") {
			t.Errorf("%v", err)
		}
	}
	for _, inside := range []bool{false, true} {
		p := launched(t, "sigcount")
		a := attach(t, p.pid)
		kill := func() {
			if err := p.Process.Kill(); err != nil {
				t.Error(err)
			}
			reaches(t, "it is dead", func() bool { return state(p.pid) == 'Z' })
		}
		if !inside {
			kill()
		}
		ran := false
		gone(a.Do(func(s *tracer.Stopped) error {
			ran = true
			kill()
			r, err := s.Registers(p.pid)
			if err != nil {
				return err
			}
			_, err = r.Get(regName)
			return err
		}))
		if ran != inside {
			t.Errorf("the function ran: %v", ran)
		}
		gone(a.Detach())
		err := p.Wait()
		if ws, ok := p.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != unix.SIGKILL {
			t.Errorf("its parent was told %v", err)
		}
	}
}

// regName is a register of every architecture.
const regName = "sp"

// TestLiveAttachChurn: of a process whose threads start others all the time
// every one is stopped.
func TestLiveAttachChurn(t *testing.T) {
	p := launched(t, "threadchurn", "8")
	addr, err := strconv.ParseUint(p.first[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for range 50 {
		a := attach(t, p.pid)
		err := a.Do(func(s *tracer.Stopped) error {
			m, err := s.Memory()
			if err != nil {
				return err
			}
			before, err := m.Uint64(addr)
			if err != nil {
				return err
			}
			for tid, state := range states(t, p.pid) {
				if state != 't' {
					t.Errorf("thread %d: state %c", tid, state)
				}
			}
			time.Sleep(2 * time.Millisecond)
			after, err := m.Uint64(addr)
			if before != after || before < last {
				t.Errorf("the count went from %d and %d to %d", last, before, after)
			}
			last = after
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		detach(t, a)
	}
	if last == 0 {
		t.Error("nothing was counted")
	}
}

// TestLiveAttachExec: threads that execve meanwhile, from whichever of them,
// are stopped or go on, and the program ends as it does alone.
func TestLiveAttachExec(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	cmd := exec.Command(testprog.Program(t, "threadexec"), "300")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid, stops := cmd.Process.Pid, 0
	for {
		a, err := tracer.Attach(pid)
		if err != nil {
			var access *tracer.AccessError
			if !errors.As(err, &access) || !strings.Contains(err.Error(), "zombie") {
				t.Fatalf("after %d stops: %v", stops, err)
			}
			break
		}
		stops++
		err = a.Do(func(s *tracer.Stopped) error {
			for tid, state := range states(t, pid) {
				if state != 't' && state != 'Z' && state != 'X' {
					t.Errorf("thread %d: state %c", tid, state)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("stop %d: %v", stops, err)
		}
		detach(t, a)
	}
	if err := cmd.Wait(); err != nil || out.String() != "done\n" {
		t.Errorf("it says %q, %v", out.String(), err)
	}
	if stops < 20 {
		t.Errorf("only %d stops", stops)
	}
}

// TestLiveAttachDeadLeader: a process whose first thread has ended is stopped
// by those that it left, and read through them.
func TestLiveAttachDeadLeader(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	cmd := exec.Command(testprog.Program(t, "zombieleader"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	reaches(t, "the leader is dead", func() bool { return state(pid) == 'Z' })
	a := attach(t, pid)
	err := a.Do(func(s *tracer.Stopped) error {
		ids := s.Threads()
		if len(ids) != 1 || ids[0] == pid || s.PID() != pid {
			t.Errorf("threads %v of %d", ids, pid)
		}
		m, err := s.Memory()
		if err != nil {
			return err
		}
		_, err = m.Maps()
		return err
	})
	if err != nil {
		t.Error(err)
	}
	detach(t, a)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 3 {
		t.Errorf("it ends with %d", got)
	}
}

// TestLiveAttachUnstoppable: a thread that cannot be stopped is an error in
// time, which names it, and the process goes on.
func TestLiveAttachUnstoppable(t *testing.T) {
	tracer.LosePatience(t, 200*time.Millisecond)
	p := launched(t, "vforkwait")
	child, err := strconv.Atoi(p.first[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Kill(child, unix.SIGKILL)
	_, err = tracer.Attach(p.pid)
	if want := fmt.Sprintf("thread %d does not stop within 200ms: its state is D", p.pid); !errors.Is(err, unix.ETIMEDOUT) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	reaches(t, "nobody traces it", func() bool {
		g, err := procfs.ReadGuard(p.pid)
		return err == nil && g.Tracer == 0 && g.State == 'D'
	})
	if err := unix.Kill(child, unix.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("after its child has ended: %v", err)
	}
}

// TestLiveAttachUse: what is done with an Attached in the wrong order, or by
// many, has an answer.
func TestLiveAttachUse(t *testing.T) {
	p := launched(t, "sigcount")
	noStrays(t)
	ids, err := procfs.ThreadIDs(p.pid)
	if err != nil {
		t.Fatal(err)
	}
	a := attach(t, ids[len(ids)-1]) // by any thread's id
	if a.PID() != p.pid {
		t.Errorf("attached to %d", a.PID())
	}
	var kept *tracer.Stopped
	var wg sync.WaitGroup
	inside, runs := 0, 0
	for range 20 {
		wg.Go(func() {
			err := a.Do(func(s *tracer.Stopped) error {
				if inside++; inside != 1 {
					t.Error("two functions run at the same time")
				}
				defer func() { inside-- }()
				runs++
				kept = s
				if len(s.Threads()) != len(ids) || s.PID() != p.pid || s.Signal(p.pid) != 0 {
					t.Errorf("%v of %d", s.Threads(), s.PID())
				}
				if _, err := s.Registers(1); !errors.Is(err, tracer.ErrGone) {
					t.Errorf("registers of another process: %v", err)
				}
				return errCustom
			})
			if err != errCustom {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs != 20 {
		t.Errorf("%d of 20 ran", runs)
	}
	if _, err := kept.Registers(p.pid); !errors.Is(err, tracer.ErrGone) {
		t.Errorf("registers after the function: %v", err)
	}
	if _, err := kept.Memory(); !errors.Is(err, tracer.ErrGone) {
		t.Errorf("memory after the function: %v", err)
	}
	for range 2 {
		detach(t, a)
	}
	if err := a.Do(func(*tracer.Stopped) error { return nil }); !errors.Is(err, tracer.ErrDetached) {
		t.Errorf("after Detach: %v", err)
	}
	// A function that ends its goroutine, as a test's Fatal does.
	a = attach(t, p.pid)
	if err := a.Do(func(*tracer.Stopped) error { runtime.Goexit(); return nil }); !errors.Is(err, tracer.ErrDetached) {
		t.Errorf("after Goexit: %v", err)
	}
	detach(t, a)
	for range 50 {
		detach(t, attach(t, p.pid))
	}
	if g, err := procfs.ReadGuard(p.pid); err != nil || g.Tracer != 0 || g.State == 't' {
		t.Errorf("%+v, %v", g, err)
	}
}

var errCustom = errors.New("custom")

// TestLiveAttachRefused: whatever keeps a process from being traced is said.
func TestLiveAttachRefused(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	ended := exec.Command(testprog.Program(t, "true"))
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	zombie := ended.Process.Pid
	reaches(t, "a zombie", func() bool { return state(zombie) == 'Z' })
	defer ended.Wait()
	p, q := launched(t, "sigcount"), launched(t, "sigcount")
	attach(t, p.pid)
	other := attacher(t, q.pid, nil)
	for pid, want := range map[int]struct {
		err  error
		text string
	}{
		0:           {unix.ESRCH, "process 0: no such process"},
		-1:          {unix.ESRCH, "process -1: no such process"},
		1 << 30:     {unix.ESRCH, "process 1073741824: no such process"},
		os.Getpid(): {fs.ErrPermission, "it is this program itself"},
		zombie:      {fs.ErrPermission, fmt.Sprintf("it is a zombie: it has ended, and its parent %d has not waited for it", os.Getpid())},
		p.pid:       {fs.ErrPermission, "it is traced already, by this program, which holds it in a session"},
		q.pid:       {fs.ErrPermission, fmt.Sprintf("it is traced already, by process %d (", other.pid)},
	} {
		_, err := tracer.Attach(pid)
		var access *tracer.AccessError
		if !errors.Is(err, want.err) || !errors.As(err, &access) || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%d: %v; want %s", pid, err, want.text)
		}
	}
	if g, err := procfs.ReadGuard(2); err == nil && g.KernelThread {
		if _, err := tracer.Attach(2); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "process 2 (kthreadd): not permitted: it is a kernel thread") {
			t.Errorf("a kernel thread: %v", err)
		}
	}
	if got := strings.Join(attacher(t, q.pid, nil, orderFilter+"=1").first, " "); !strings.HasSuffix(got, "a seccomp filter keeps this program from ptrace; in a container, its runtime must allow it") &&
		!strings.Contains(got, "traced already") {
		t.Errorf("behind a filter: %s", got)
	}
	if got := strings.Join(attacher(t, other.pid, nil, orderFilter+"=1").first, " "); !strings.Contains(got, "a seccomp filter keeps this program from ptrace") {
		t.Errorf("behind a filter: %s", got)
	}
}

// BenchmarkAttach stops a process whose threads sleep or compute, and lets it
// go on.
func BenchmarkAttach(b *testing.B) {
	for _, c := range []struct {
		program string
		args    []string
	}{{"sleeper", nil}, {"sleeper", []string{"64"}}, {"sigcount", nil}} {
		b.Run(strings.Join(append([]string{c.program}, c.args...), "-"), func(b *testing.B) {
			testutil.Require(b, testutil.Ptrace)
			cmd := exec.Command(testprog.Program(b, c.program), c.args...)
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			for b.Loop() {
				a, err := tracer.Attach(cmd.Process.Pid)
				if err != nil {
					b.Fatal(err)
				}
				if err := a.Detach(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
