package tracer

import "golang.org/x/sys/unix"

// StopKind is what wait4(2) reports of a seized tracee (ptrace(2)), or a
// notification of a program that is not traced.
type StopKind uint8

// The kinds, deaths included.
const (
	UnknownStop   StopKind = iota
	ExitedDeath            // the task exited
	SignaledDeath          // the task was killed
	SeccompStop            // SECCOMP_RET_TRACE, before the call
	SyscallStop            // entry or exit of a call under PTRACE_SYSCALL
	ForkStop               // fork, vfork or clone: the parent's side
	ExecStop               // the new image is mapped, nothing of it has run
	VforkDoneStop          // the vfork parent goes on
	ExitStop               // PTRACE_EVENT_EXIT: about to die
	GroupStop              // stopped by SIGSTOP, SIGTSTP, SIGTTIN or SIGTTOU
	EventStop              // a new child, PTRACE_INTERRUPT, or SIGCONT's end of a group-stop
	SignalStop             // a signal is about to be delivered
	Notification           // SECCOMP_RET_USER_NOTIF, before the call (seccomp_unotify(2))
	stopKinds              // how many there are
)

var stopNames = [stopKinds]string{
	"unknown", "exited", "killed", "seccomp", "syscall", "fork", "exec",
	"vfork-done", "exit", "group", "event", "signal", "notification",
}

// String names the kind for metrics and logs.
func (k StopKind) String() string {
	if k < stopKinds {
		return stopNames[k]
	}
	return "unknown"
}

// wait is one classified wait status.
type wait struct {
	kind StopKind
	code int // exit status, signal, or for ForkStop PTRACE_EVENT_*
}

// classify reads a wait status. It looks at nothing else: under PTRACE_SEIZE
// the status alone tells a group-stop from a signal-delivery-stop
// (PTRACE_GETSIGINFO succeeds in both and tells nothing).
func classify(status uint32) wait {
	low := status & 0xff
	switch {
	case low == 0x7f: // stopped
	case low&0x7f == 0:
		return wait{ExitedDeath, int(status >> 8 & 0xff)}
	default:
		return wait{SignaledDeath, int(low & 0x7f)}
	}
	sig := int(status >> 8 & 0xff)
	switch event := status >> 16; event {
	case 0:
		if sig == int(unix.SIGTRAP)|0x80 { // PTRACE_O_TRACESYSGOOD
			return wait{SyscallStop, 0}
		}
		return wait{SignalStop, sig}
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		return wait{ForkStop, int(event)}
	case unix.PTRACE_EVENT_EXEC:
		return wait{ExecStop, sig}
	case unix.PTRACE_EVENT_VFORK_DONE:
		return wait{VforkDoneStop, sig}
	case unix.PTRACE_EVENT_EXIT:
		return wait{ExitStop, sig}
	case unix.PTRACE_EVENT_SECCOMP:
		return wait{SeccompStop, sig}
	case unix.PTRACE_EVENT_STOP:
		switch unix.Signal(sig) {
		case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
			return wait{GroupStop, sig}
		}
		return wait{EventStop, sig}
	}
	return wait{UnknownStop, sig}
}
