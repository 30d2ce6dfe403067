package snapshot

import "warder/internal/ptrace"

// Source is a process that somebody holds by ptrace(2): what a capture needs
// of it. Memory and /proc are read directly, by process id.
//
// A capture calls the methods from one goroutine, one after another.
type Source interface {
	// PID is the process's id: that of its thread group.
	PID() int
	// Stop stops all threads of the process, those born meanwhile too, and
	// returns them; the first is the one that debuggers show. For a process
	// that stands still already it only lists them.
	Stop() ([]Stopped, error)
	// Start lets go on what Stop stopped; the signal of a stop is then
	// delivered.
	Start() error
	// Do runs f on the OS thread that traces the process, between Stop and
	// Start: f makes ptrace requests.
	Do(f func() error) error
}

// Stopped is a thread in a stop.
type Stopped = ptrace.Stopped

// Injector is a Source that can have a thread make calls. Without it
// alternate stacks, signal actions and addresses to clear are unknown, and
// nothing can be copied while the process runs.
type Injector interface {
	Source
	// Inject has a stopped thread make calls, in order, and fills their
	// results. Afterwards the thread is as before, but for what the calls did.
	// Its error is that the calls were not made; a call that fails is its
	// result.
	Inject(tid int, calls []Call) error
}

// Call is one system call to be made by a thread.
type Call = ptrace.Call

// Forker is a source of a process that can be copied as fork(2) does, so that
// the copy's memory stays as it is while the process goes on.
type Forker interface {
	Injector
	// Fork makes the copy by a stopped thread of the process. The copy never
	// runs. end ends it; it is called once, by any goroutine. The error says
	// why there is none, errors.ErrUnsupported or the errno of the clone(2).
	Fork(tid int) (pid int, end func() error, err error)
}
