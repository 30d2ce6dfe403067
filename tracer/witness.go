package tracer

import (
	"golang.org/x/sys/unix"

	"warder/rules"
)

// Witness is told what a traced program does, in the order in which the
// supervisor sees it. Every method is called on the session's thread while the
// thread that it is about stands still, Born's parent and not its child, and
// Ended's no longer there at all. Memory is read with memory.Of(tid) and
// registers with regs.Of(tid), before the method returns; no method may block.
//
// What is read through a call's pointers is for people: another thread can
// change it before the kernel reads it.
type Witness interface {
	// Enter is called before a call. It tells whether Return is to be called
	// for it, which may cost a second stop. v is nil where no policy decides.
	Enter(pid, tid int, c *rules.Call, v *rules.Verdict) (toReturn bool)
	// Return is called after a call that Enter was called for: with the value
	// returned, or, where failed, with the positive error number, which may be
	// one of the kernel's own (ERESTARTSYS, 512, and its like). It does not
	// come for a call that does not return: exit, a kill, rt_sigreturn on some
	// architectures.
	Return(pid, tid int, value uint64, failed bool)
	// Signal is called before a signal is delivered, with its siginfo_t as the
	// kernel keeps it for the native architecture (128 bytes), or nil where a
	// SIGKILL was faster.
	Signal(pid, tid, signal int, siginfo []byte)
	// Stopped is called when a job control signal has stopped a thread.
	Stopped(pid, tid, signal int)
	// Born is called for a new thread, or a new process where pid is tid.
	Born(pid, tid, parent int)
	// Executed is called when an execve has succeeded, before its Return. The
	// thread that made it, former, has its process's id from now on; the other
	// threads of the process end without a call of Ended.
	Executed(pid, former int)
	// Ended is called when a thread, or a process where pid is tid, is gone.
	Ended(pid, tid int, status unix.WaitStatus)
}
