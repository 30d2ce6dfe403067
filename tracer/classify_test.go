package tracer

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// stopped makes the status of a stop as the kernel does: the stop signal, and
// above it the event (ptrace(2)).
func stopped(sig unix.Signal, event uint32) uint32 { return event<<16 | uint32(sig)<<8 | 0x7f }

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		status uint32
		kind   StopKind
		code   int
		why    string
	}{
		// As recorded from the kernel (../shared/pitfalls.md, item 19).
		{0x137f, SignalStop, 19, "SIGSTOP about to be delivered"},
		{0x80137f, GroupStop, 19, "stopped by SIGSTOP"},
		{0x80057f, EventStop, 5, "PTRACE_EVENT_STOP with SIGTRAP: a new child, an interrupt"},
		{0x57f, SignalStop, 5, "a genuine SIGTRAP"},
		{0x7057f, SeccompStop, 5, "PTRACE_EVENT_SECCOMP"},
		{0x857f, SyscallStop, 0, "PTRACE_O_TRACESYSGOOD's bit"},
		{0x6057f, ExitStop, 5, "PTRACE_EVENT_EXIT"},

		{0x1057f, ForkStop, 1, "PTRACE_EVENT_FORK"},
		{0x2057f, ForkStop, 2, "PTRACE_EVENT_VFORK"},
		{0x3057f, ForkStop, 3, "PTRACE_EVENT_CLONE"},
		{0x4057f, ExecStop, 5, "PTRACE_EVENT_EXEC"},
		{0x5057f, VforkDoneStop, 5, "PTRACE_EVENT_VFORK_DONE"},

		{stopped(unix.SIGTSTP, 128), GroupStop, 20, "stopped by SIGTSTP"},
		{stopped(unix.SIGTTIN, 128), GroupStop, 21, "stopped by SIGTTIN"},
		{stopped(unix.SIGTTOU, 128), GroupStop, 22, "stopped by SIGTTOU"},
		{stopped(unix.SIGTSTP, 0), SignalStop, 20, "SIGTSTP about to be delivered"},
		{stopped(unix.SIGTTIN, 0), SignalStop, 21, "SIGTTIN about to be delivered"},
		{stopped(unix.SIGTTOU, 0), SignalStop, 22, "SIGTTOU about to be delivered"},
		{stopped(unix.SIGCONT, 128), EventStop, 18, "the end of a group-stop"},
		{stopped(unix.SIGSEGV, 0), SignalStop, 11, "a fault"},
		{stopped(unix.SIGSYS, 0), SignalStop, 31, "SECCOMP_RET_TRAP, or a sent SIGSYS"},
		{stopped(1, 0), SignalStop, 1, "the lowest signal"},
		{stopped(64, 0), SignalStop, 64, "the highest signal"},

		{0x0000, ExitedDeath, 0, "exit(0)"},
		{0x0100, ExitedDeath, 1, "exit(1)"},
		{0x7f00, ExitedDeath, 127, "exit(127) is no stop"},
		{0xff00, ExitedDeath, 255, "exit(255)"},
		{0x0009, SignaledDeath, 9, "SIGKILL"},
		{0x000b, SignaledDeath, 11, "SIGSEGV without a core"},
		{0x008b, SignaledDeath, 11, "SIGSEGV with the core-dump bit"},
		{0x009f, SignaledDeath, 31, "SIGSYS with the core-dump bit"},
		{0x0001, SignaledDeath, 1, "the lowest signal"},
		{0x0040, SignaledDeath, 64, "the highest signal"},

		{0x8057f, UnknownStop, 5, "an event that does not exist yet"},
		{0x7f057f, UnknownStop, 5, "the event below PTRACE_EVENT_STOP"},
		{0x81057f, UnknownStop, 5, "the event above it"},
		{0xffff057f, UnknownStop, 5, "the highest event"},
	} {
		if got, want := classify(c.status), (wait{c.kind, c.code}); got != want {
			t.Errorf("classify(%#x) = %v %d, want %v %d: %s", c.status, got.kind, got.code, want.kind, want.code, c.why)
		}
	}
}

// TestClassifyAgrees holds the reading of every 16-bit status to the C
// library's macros, which golang.org/x/sys carries.
func TestClassifyAgrees(t *testing.T) {
	for status := range uint32(1 << 16) {
		w, ws := classify(status), unix.WaitStatus(status)
		switch {
		case ws.Exited() && (w.kind != ExitedDeath || w.code != ws.ExitStatus()),
			ws.Stopped() && (w.kind == ExitedDeath || w.kind == SignaledDeath || w.kind == UnknownStop),
			ws.Stopped() && w.kind == SignalStop && w.code != int(ws.StopSignal()),
			ws.Signaled() && (w.kind != SignaledDeath || w.code != int(ws.Signal())):
			t.Fatalf("classify(%#x) = %v %d", status, w.kind, w.code)
		}
	}
}

// TestStopKindNames: metrics use the names as labels, so each has its own.
func TestStopKindNames(t *testing.T) {
	seen := map[string]StopKind{}
	for k := range stopKinds {
		name := k.String()
		if other, twice := seen[name]; twice || name == "" {
			t.Errorf("kinds %d and %d are both %q", other, k, name)
		}
		seen[name] = k
	}
	if got := stopKinds.String(); got != "unknown" {
		t.Errorf("a kind beyond the last is %q", got)
	}
	if got := fmt.Sprint(SeccompStop); got != "seccomp" {
		t.Errorf("SeccompStop prints as %q", got)
	}
}
