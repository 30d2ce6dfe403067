package jail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/jail"
)

// onThread runs f on a locked thread that ends with it.
func onThread(t testing.TB, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

func emptyProgram(t testing.TB) string {
	dir := t.TempDir()
	src := filepath.Join(dir, "e.c")
	os.WriteFile(src, []byte(`void _start(void){__asm__ volatile("mov $60,%eax; xor %edi,%edi; syscall");}`), 0o644)
	out := filepath.Join(dir, "e")
	if b, err := exec.Command("gcc", "-static", "-nostdlib", "-o", out, src).CombinedOutput(); err != nil {
		t.Skipf("gcc: %v %s", err, b)
	}
	return out
}

var pinned bool
var full unix.CPUSet

func launchOnce(t testing.TB, s *jail.Stub, fd, null int) unix.WaitStatus {
	pid, err := s.Launch(&jail.Spec{Stdio: [3]int{null, null, null}, Exec: fd, Dir: -1, Argv: []string{"e"}, UID: -1, GID: -1, Ruleset: -1,
		Limits: []jail.Limit{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, 64}}})
	if err != nil {
		t.Error(err)
		return 0
	}
	if pinned {
		unix.SchedSetaffinity(pid, &full)
	}
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Error(err)
	}
	var st uint32
	var ru syscall.Rusage
	if _, err := ptrace.Wait(pid, unix.WALL, &st, &ru); err != nil {
		t.Error(err)
	}
	return unix.WaitStatus(st)
}

func TestLiveLaunch(t *testing.T) {
	prog := emptyProgram(t)
	onThread(t, func() {
		s, err := jail.Start(nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		fd, _ := unix.Open(prog, unix.O_PATH|unix.O_CLOEXEC, 0)
		null, _ := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		for range 100 {
			if ws := launchOnce(t, s, fd, null); !ws.Exited() || ws.ExitStatus() != 0 {
				t.Errorf("status %#x", uint32(ws))
			}
		}
	})
}

func BenchmarkLaunch(b *testing.B) {
	prog := emptyProgram(b)
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			pid, err := syscall.ForkExec(prog, []string{"e"}, &syscall.ProcAttr{})
			if err != nil {
				b.Fatal(err)
			}
			var ws syscall.WaitStatus
			syscall.Wait4(pid, &ws, 0, nil)
		}
	})
	b.Run("stub", func(b *testing.B) {
		onThread(b, func() {
			s, err := jail.Start(nil)
			if err != nil {
				b.Error(err)
				return
			}
			defer s.Close()
			fd, _ := unix.Open(prog, unix.O_PATH|unix.O_CLOEXEC, 0)
			null, _ := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
			unix.SchedGetaffinity(0, &full)
			pinned = true
			var one unix.CPUSet
			one.Set(1)
			unix.SchedSetaffinity(0, &one)
			unix.SchedSetaffinity(s.PID, &one)
			for b.Loop() {
				launchOnce(b, s, fd, null)
			}
		})
	})
}
