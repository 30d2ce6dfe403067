package tracer

import (
	"golang.org/x/sys/unix"

	"warder/regs"
)

// restartNoHand is what a call leaves in rax that is to be made again unless a
// handler runs, and then ends with EINTR (ERESTARTNOHAND,
// include/linux/errno.h).
const restartNoHand = -514

// keepWaiting lets a wait without a time limit go on that the kernel ends with
// EINTR at any stop, though no signal is handled (signal(7)). The kernel's own
// mark for such calls is put where the EINTR is: if a signal comes after all,
// they end with it (arch_do_signal_or_restart, arch/x86/kernel/signal.c).
//
// Waits with a time limit keep their EINTR: made again they would wait anew.
func keepWaiting(tid int) error {
	var r regs.Regs
	if err := regs.ReadInto(tid, &r); err != nil {
		return err
	}
	if int64(r.RAX) != -int64(unix.EINTR) || r.Is32() || !unlimited(&r) {
		return nil
	}
	noHand := int64(restartNoHand)
	r.RAX = uint64(noHand)
	return r.Write(tid)
}

// unlimited reports whether a thread is in one of those calls.
func unlimited(r *regs.Regs) bool {
	const (
		pwait2  = 441 // epoll_pwait2
		uring   = 426 // io_uring_enter
		withArg = 8   // IORING_ENTER_EXT_ARG: a time limit, perhaps
	)
	switch r.OrigRAX {
	case unix.SYS_EPOLL_WAIT, unix.SYS_EPOLL_PWAIT:
		return int32(r.R10) < 0
	case pwait2, unix.SYS_SEMTIMEDOP:
		return r.R10 == 0
	case unix.SYS_RT_SIGTIMEDWAIT:
		return r.RDX == 0
	case unix.SYS_SEMOP:
		return true
	case unix.SYS_IO_GETEVENTS:
		return r.R8 == 0
	case uring:
		return r.RSI == 0 && r.R10&withArg == 0 // nothing is handed in twice
	}
	return false
}
