// Package jail starts a held child: a process that is confined and traced
// before its first instruction of untrusted code.
//
// The child is built from outside. A Stub is a tiny static program, made in
// memory, whose code walks a table of system calls in its data segment. The
// supervisor starts one, seizes it, and from then on makes children of it: at
// each Launch the stub clones itself (sharing its memory, which costs nothing
// to copy), the supervisor writes the set-up of the new child as a table of
// calls (session, limits, ids, capabilities, Landlock, descriptors, seccomp
// filter and, last, execve), and the child makes them. Every step's errno
// comes back with its name as a SetupError; no Go code runs in the child; the
// program that execve starts is confined from its first instruction.
//
// A child of the stub, and not of the Go process, also begins with the stub's
// few pages: ru_maxrss of a held program is the program's own.
//
// Limits: everything here must run on one locked OS thread, the tracer, that
// has no other tracee in flight while Launch runs; x86-64 only so far. The
// package confines; it decides nothing and waits for nothing beyond execve.
package jail

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNotSupported says that this build has no stub for its architecture.
var ErrNotSupported = errors.New("no launch stub for this architecture")

// SetupError says which step of the set-up failed.
type SetupError struct {
	Step string // the call and what it was for: "setresuid", "execve"
	Err  error  // the errno
}

func (e *SetupError) Error() string { return fmt.Sprintf("launch: %s: %v", e.Step, e.Err) }

// Unwrap gives the errno.
func (e *SetupError) Unwrap() error { return e.Err }

// DeathError says that a child died, and was reaped, before its program was
// there: killed by somebody, or by the kernel, which can no longer give
// execve's caller an error once the old program is gone.
type DeathError struct {
	PID    int
	Signal unix.Signal // 0 where it exited
	Code   int
}

func (e *DeathError) Error() string {
	if e.Signal == 0 {
		return fmt.Sprintf("launch: process %d exited with %d", e.PID, e.Code)
	}
	return fmt.Sprintf("launch: process %d was killed by %s", e.PID, unix.SignalName(e.Signal))
}
