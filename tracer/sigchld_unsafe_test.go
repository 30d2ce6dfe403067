package tracer

import (
	"os/exec"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestHushStops: stops send this process no SIGCHLD, and children of its own
// are waited for as ever.
func TestHushStops(t *testing.T) {
	hushStops()
	var action struct{ handler, flags, restorer, mask uint64 }
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), 0, uintptr(unsafe.Pointer(&action)), 8, 0, 0)
	if e != 0 {
		t.Fatal(e)
	}
	const noChildStop, sigInfo = 1, 4
	if action.flags&(noChildStop|sigInfo) != noChildStop|sigInfo || action.handler <= 1 {
		t.Errorf("SIGCHLD: handler %#x, flags %#x", action.handler, action.flags)
	}
	if out, err := exec.Command("sh", "-c", "echo $((6*7))").Output(); err != nil || string(out) != "42\n" {
		t.Errorf("%q, %v", out, err)
	}
}
