//go:build linux

package bpf_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// installEnv makes the test binary a child that installs a program.
const installEnv = "WARDER_TEST_INSTALL"

// installation is what the child is told.
type installation struct {
	Program []bpf.RawInstruction
	Nr      uintptr      // the call that it makes under the program
	Args    [][6]uintptr // with these arguments
}

// installed is what it answers.
type installed struct {
	Refused string // the error of seccomp(2), or ""
	Errnos  []int  // of each call
}

func TestMain(m *testing.M) {
	if os.Getenv(installEnv) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child() error {
	var in installation
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	out := installed{Errnos: make([]int, len(in.Args))}
	refused := under(in, out.Errnos)
	if refused != 0 {
		out.Refused = refused.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// under installs the program on a thread of its own, makes the calls there and
// lets the thread end. The runtime must make no call on that thread, since the
// program may refuse it: no collection, no preemption (the parent sets
// GODEBUG), and only raw calls and no function that could be a preemption
// point between the installation and the end.
func under(in installation, errnos []int) unix.Errno {
	debug.SetGCPercent(-1)
	fprog := &unix.SockFprog{Len: uint16(len(in.Program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&in.Program[0]))}
	var refused unix.Errno
	var done atomic.Bool
	go func() {
		runtime.LockOSThread()
		_, _, refused = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
		if refused == 0 {
			_, _, refused = unix.RawSyscall6(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(fprog)), 0, 0, 0)
		}
		if refused == 0 {
			for i := range in.Args {
				a := &in.Args[i]
				_, _, e := unix.RawSyscall6(in.Nr, a[0], a[1], a[2], a[3], a[4], a[5])
				errnos[i] = int(e)
			}
		}
		done.Store(true)
		unix.RawSyscall6(unix.SYS_EXIT, 0, 0, 0, 0, 0, 0)
		for done.Load() { // exit was refused: wait for the process to end
		}
	}()
	for !done.Load() {
		runtime.Gosched()
	}
	return refused
}
