package tracer

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wakeSignal ends the wait4 of a thread that it is sent to. Nothing else in this
// process has a use for it: SIGRTMAX-1.
const wakeSignal = syscall.Signal(63)

// interruptible makes it so, once: the handlers of the Go runtime are installed
// with SA_RESTART, by which the kernel begins a wait4 anew after a signal.
var interruptible = sync.OnceValue(func() error {
	// struct kernel_sigaction of x86-64 and arm64.
	var action struct{ handler, flags, restorer, mask uint64 }
	signal.Notify(make(chan os.Signal, 1), wakeSignal) // installs the handler; nobody listens
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal), 0, uintptr(unsafe.Pointer(&action)), 8, 0, 0)
	if e == 0 {
		const restart = 0x10000000
		action.flags &^= restart
		_, _, e = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	}
	if e != 0 {
		return &Error{"rt_sigaction", os.Getpid(), e}
	}
	return nil
})
