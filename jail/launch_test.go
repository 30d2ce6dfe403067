package jail_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/jail"
	"warder/rules"
)

const heldID = 0x3fff0001 // away from the ids that sessions take

// onThread runs f on a locked thread that ends with it, tracees and all.
func onThread(t testing.TB, f func()) {
	t.Helper()
	testutil.Require(t, testutil.Ptrace)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

// bench is a stub and what its launches need.
type bench struct {
	*jail.Stub
	spec jail.Spec
}

func withStub(t testing.TB, program string, filter jail.Filter, detach bool, f func(*bench)) {
	onThread(t, func() {
		s, err := jail.Start(&jail.StubSpec{Cgroup: -1, Filter: filter, Detach: detach, Root: true})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		fd, err := unix.Open(program, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(fd)
		null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(null)
		f(&bench{s, jail.Spec{
			Root:  -1,
			Stdio: [3]int{null, null, null}, Exec: fd, Dir: -1, Argv: []string{"held"}, UID: -1, GID: -1, Ruleset: -1,
			Limits: []jail.Limit{{Resource: unix.RLIMIT_CORE, Value: 0}},
		}})
	})
}

// finish lets a launched program run to its end.
func finish(t testing.TB, pid int) unix.WaitStatus {
	t.Helper()
	for sig := 0; ; {
		if err := ptrace.Cont(pid, sig); err != nil {
			t.Error(err)
		}
		var status uint32
		var ru syscall.Rusage
		if _, err := ptrace.Wait(pid, unix.WALL, &status, &ru); err != nil {
			t.Error(err)
			return 0
		}
		ws := unix.WaitStatus(status)
		if !ws.Stopped() {
			return ws
		}
		if sig = 0; status>>16 == 0 {
			sig = int(ws.StopSignal())
		}
	}
}

func TestLiveLaunch(t *testing.T) {
	withStub(t, testprog.Program(t, "empty"), nil, false, func(b *bench) {
		for i := range 100 {
			if i%2 == 1 {
				if err := b.Prefork(); err != nil {
					t.Fatal(err)
				}
			}
			pid, err := b.Launch(&b.spec)
			if err != nil {
				t.Error(err)
				return
			}
			if ws := finish(t, pid); !ws.Exited() || ws.ExitStatus() != 0 {
				t.Errorf("launch %d: status %#x", i, uint32(ws))
			}
		}
	})
}

// TestLiveLaunchConfined looks at a child before its first instruction.
func TestLiveLaunchConfined(t *testing.T) {
	testutil.Require(t, testutil.Root, testutil.Seccomp)
	compute, err := rules.Profile("compute")
	if err != nil {
		t.Fatal(err)
	}
	program, err := rules.Lower(compute, abi.Native(), rules.Hybrid)
	if err != nil {
		t.Fatal(err)
	}
	withStub(t, testprog.Program(t, "empty"), program.Bind, false, func(b *bench) {
		b.spec.UID, b.spec.GID = heldID, heldID
		pid, err := b.Launch(&b.spec)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			t.Error(err)
		}
		id := strconv.Itoa(heldID)
		for _, want := range []string{
			"Uid:\t" + id + "\t" + id + "\t" + id + "\t" + id, "Gid:\t" + id + "\t" + id + "\t" + id + "\t" + id,
			"Groups:\t", "NoNewPrivs:\t1", "Seccomp:\t2", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000",
			"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
			"CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000",
		} {
			if !strings.Contains(strings.ReplaceAll(string(text), " \n", "\n"), "\n"+want+"\n") {
				t.Errorf("the child's status lacks %q:\n%s", want, text)
			}
		}
		fds, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
		if err != nil || len(fds) != 3 {
			t.Errorf("descriptors %q, %v: want 0, 1 and 2 alone", fds, err)
		}
		finish(t, pid)
	})
}

// TestLiveSetupError sees each failure come back with its step's name.
func TestLiveSetupError(t *testing.T) {
	empty := testprog.Program(t, "empty")
	kill := func(uint32, uint64) []bpf.RawInstruction {
		return []bpf.RawInstruction{{Op: 0x06, K: 0x00050000 | uint32(unix.EXDEV)}} // SECCOMP_RET_ERRNO
	}
	for _, tt := range []struct {
		name   string
		change func(*jail.Spec)
		step   string
		err    error
	}{
		{"directory", func(s *jail.Spec) { s.Dir = s.Stdio[0] }, "fchdir", unix.ENOTDIR},
		{"program", func(s *jail.Spec) { s.Exec = s.Stdio[0] }, "execve", unix.EACCES},
		{"filter", func(s *jail.Spec) { s.Filter = kill }, "execve", unix.EXDEV},
		{"ruleset", func(s *jail.Spec) { s.Ruleset = s.Stdio[0] }, "landlock_restrict_self", unix.EBADFD},
		{"arguments", func(s *jail.Spec) { s.Argv = []string{strings.Repeat("x", 5<<20)} }, "arguments and environment", unix.E2BIG},
		{"limit", func(s *jail.Spec) { s.Limits = []jail.Limit{{Resource: 99}} }, "prlimit64 (resource 99)", unix.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withStub(t, empty, nil, false, func(b *bench) {
				tt.change(&b.spec)
				_, err := b.Launch(&b.spec)
				var setup *jail.SetupError
				if !errors.As(err, &setup) || setup.Step != tt.step || !errors.Is(err, tt.err) {
					t.Errorf("got %v, want step %q with %v", err, tt.step, tt.err)
				}
			})
		})
	}
}

// TestLivePreforkKilled launches although the child made ahead was killed.
func TestLivePreforkKilled(t *testing.T) {
	withStub(t, testprog.Program(t, "empty"), nil, false, func(b *bench) {
		if err := b.Prefork(); err != nil {
			t.Fatal(err)
		}
		stub := strconv.Itoa(b.PID)
		list, err := os.ReadFile("/proc/" + stub + "/task/" + stub + "/children")
		if err != nil {
			t.Error(err)
			return
		}
		killed := 0
		for _, f := range strings.Fields(string(list)) {
			if pid, err := strconv.Atoi(f); err == nil {
				killed++
				if err := unix.Kill(pid, unix.SIGKILL); err != nil {
					t.Error(err)
				}
			}
		}
		if killed != 1 {
			t.Errorf("children %q of the stub %d: want one", list, b.PID)
		}
		// The death must be there to be seen: SIGKILL takes a moment.
		if _, death, err := ptrace.Peek(unix.WALL | unix.WNOTHREAD); err != nil || !death {
			t.Errorf("wait for the killed child: death %t, %v", death, err)
		}
		pid, err := b.Launch(&b.spec)
		if err != nil {
			t.Error(err)
			return
		}
		finish(t, pid)
	})
}

// TestLiveKillUser kills a process that left its session and its parent.
func TestLiveKillUser(t *testing.T) {
	testutil.Require(t, testutil.Root)
	withStub(t, testprog.Program(t, "spin"), nil, true, func(b *bench) {
		b.spec.UID, b.spec.GID = heldID+1, heldID+1
		b.spec.Argv = []string{"spin", "60000"}
		pid, err := b.Launch(&b.spec)
		if err != nil {
			t.Error(err)
			return
		}
		if err := ptrace.Detach(pid, 0); err != nil {
			t.Error(err)
		}
		if err := b.KillUser(heldID + 1); err != nil {
			t.Error(err)
		}
		var status uint32
		if _, err := ptrace.Wait(pid, unix.WALL, &status, nil); err != nil || unix.WaitStatus(status).Signal() != unix.SIGKILL {
			t.Errorf("status %#x, %v: want death by SIGKILL", status, err)
		}
		if err := b.KillUser(heldID + 1); err != nil {
			t.Errorf("with nobody left: %v", err)
		}
	})
}

// TestLiveStubDiesWithThread sees no stub survive its thread.
func TestLiveStubDiesWithThread(t *testing.T) {
	pid := 0
	onThread(t, func() {
		s, err := jail.Start(&jail.StubSpec{Cgroup: -1, Detach: false})
		if err != nil {
			t.Error(err)
			return
		}
		pid = s.PID
	})
	if pid == 0 {
		t.Fatal("no stub")
	}
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, 0, nil); err != nil || ws.Signal() != syscall.SIGKILL {
		t.Errorf("status %#x, %v: want death by SIGKILL", ws, err)
	}
	if _, err := procfs.TGID(pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("the stub is still there: %v", err)
	}
}
