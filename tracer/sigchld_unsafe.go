package tracer

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepsDead reports whether the kernel keeps a dead child until it is waited
// for: it does not where the host program ignores SIGCHLD or has set
// SA_NOCLDWAIT (wait(2)).
func keepsDead() bool {
	const ignored, noWait = 1, 2 // SIG_IGN, SA_NOCLDWAIT
	var action struct{ handler, flags, restorer, mask uint64 }
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), 0, uintptr(unsafe.Pointer(&action)), 8, 0, 0)
	return e == 0 && action.handler != ignored && action.flags&noWait == 0
}

// hushStops sets SA_NOCLDSTOP for SIGCHLD, once. The kernel would send one to
// this process at every stop of a tracee (do_notify_parent_cldstop,
// kernel/signal.c), and the Go runtime catches it to do nothing: a third of
// what a stop costs. The death of a child still sends one. Where nothing is
// changed, or the host program has its handler installed anew, stops are only
// slower.
var hushStops = sync.OnceFunc(func() {
	// struct kernel_sigaction of x86-64 and arm64.
	var action struct{ handler, flags, restorer, mask uint64 }
	const (
		noChildStop = 1 // SA_NOCLDSTOP
		ignored     = 1 // SIG_IGN, and 0 is SIG_DFL: neither costs anything
	)
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), 0, uintptr(unsafe.Pointer(&action)), 8, 0, 0)
	if e != 0 || action.handler <= ignored {
		return
	}
	action.flags |= noChildStop
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
})
