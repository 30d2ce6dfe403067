package tracer

import (
	"errors"
	"fmt"
)

// ErrGone says that a tracee was killed, or resumed, since the stop that it
// was handed out for.
var ErrGone = errors.New("tracee is no longer in this stop")

// Error is a failure of the supervisor.
type Error struct {
	Op  string // what was being done: "wait4", "PTRACE_CONT"
	TID int    // to which thread; 0 for none
	Err error
}

func (e *Error) Error() string {
	if e.TID == 0 {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s of thread %d: %v", e.Op, e.TID, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// LaunchError says why a program could not be started.
type LaunchError struct {
	Path string
	Err  error  // fs.ErrNotExist, EACCES, ENOEXEC …
	Hint string // what to do about it, or ""
}

func (e *LaunchError) Error() string {
	s := fmt.Sprintf("%s: %v", e.Path, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *LaunchError) Unwrap() error { return e.Err }
