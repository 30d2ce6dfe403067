package procfs

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// start starts a program and kills and reaps it at the end of the test.
func start(t testing.TB, argv ...string) int {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd := null.Fd()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: []string{}, Files: []uintptr{fd, fd, fd}})
	if err != nil {
		t.Skipf("cannot start %s: %v", argv[0], err)
	}
	t.Cleanup(func() { reap(pid) })
	return pid
}

// reap ends a child; one that is reaped already is left alone.
func reap(pid int) {
	var ws syscall.WaitStatus
	if got, err := syscall.Wait4(pid, &ws, syscall.WNOHANG, nil); got == pid || err == syscall.ECHILD {
		return
	}
	syscall.Kill(pid, syscall.SIGKILL)
	for {
		if _, err := syscall.Wait4(pid, &ws, 0, nil); err != syscall.EINTR {
			return
		}
	}
}

// zombie returns a child that has ended and is not reaped.
func zombie(t testing.TB, argv ...string) int {
	t.Helper()
	pid := start(t, argv...)
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			return pid
		}
		if err != unix.EINTR {
			t.Fatal("waitid:", err)
		}
	}
}

// gone returns an id that no process has.
func gone(t testing.TB) int {
	t.Helper()
	pid := zombie(t, "/bin/true")
	reap(pid)
	return pid
}
