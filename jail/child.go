package jail

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// Prefork makes the child of the next launch while there is time. After an
// error the stub must be closed: half a child may be there.
func (s *Stub) Prefork() error {
	if s.next != 0 || s.dead {
		return nil
	}
	pid, err := s.fork()
	if err != nil {
		return err
	}
	s.next = pid
	return nil
}

// child is the child made ahead, if it is still alive, or a new one.
func (s *Stub) child() (int, error) {
	pid := s.next
	if pid == 0 {
		return s.fork()
	}
	s.next = 0
	var status uint32
	got, err := ptrace.Wait(pid, unix.WALL|unix.WNOHANG, &status, nil)
	if err == nil && got == 0 {
		return pid, nil // no news: it is where it was left
	}
	if err == nil {
		killAndReap(pid) // somebody meddled with it
	}
	return s.fork()
}

// Place puts the stub and the child of the next launch on cores. A failure
// costs time only.
func (s *Stub) Place(cores *unix.CPUSet) {
	_ = unix.SchedSetaffinity(s.PID, cores)
	if s.next != 0 {
		_ = unix.SchedSetaffinity(s.next, cores)
	}
}

// KillUser kills every process of a held user id. It is for an engine that
// does not trace: what a program started there may have left every group,
// session and parent, but it cannot have left its user. The stub's child
// becomes that user and signals all that it may (kill(2), pid -1).
func (s *Stub) KillUser(uid int) error {
	if uid <= 0 {
		return nil // never the supervisor's own user, and never everybody
	}
	pid, err := s.fork()
	if err != nil {
		return err
	}
	t := &s.table
	t.clear(1, s.key)
	id := uint64(uid)
	t.call("setresuid", unix.SYS_SETRESUID, id, id, id)
	// CAP_KILL would make it everybody.
	t.dropCaps()
	t.call("kill", unix.SYS_KILL, ^uint64(0), uint64(unix.SIGKILL))
	t.end()
	if err := s.write(t); err != nil {
		killAndReap(pid)
		return err
	}
	if err := ptrace.Cont(pid, 0); err != nil {
		killAndReap(pid)
		return fmt.Errorf("PTRACE_CONT of pid %d: %w", pid, err)
	}
	if _, err := waitStop(pid); err != nil {
		return err
	}
	err = s.check(pid, t)
	killAndReap(pid)
	if errors.Is(err, unix.ESRCH) {
		return nil // there was nobody
	}
	return err
}
