package tracer

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/jail"
)

// moveRoot puts the program into the empty root directory, at its entry point:
// its loader is done. What the loader stage, which is the program's own code
// if it chose its own interpreter, may have kept from before is a violation.
func (s *session) moveRoot() error {
	if !s.rootWaits {
		return nil
	}
	s.rootWaits = false
	s.rooted = true
	if err := s.worker.stub.ChangeRoot(true); err != nil {
		return err
	}
	for _, other := range s.tasks {
		if err := s.insideRoot(other); err != nil {
			return err
		}
	}
	for _, p := range s.procs {
		if err := s.noDirectories(p); err != nil {
			return err
		}
	}
	return nil
}

// insideRoot checks that a task sees the empty root: one that has taken its
// filesystem state for itself (unshare(2), or a clone without CLONE_FS) before
// the root moved has not moved with it.
func (s *session) insideRoot(t *task) error {
	if !s.rooted {
		return nil
	}
	dev, ino, err := jail.EmptyRoot()
	if err != nil {
		return err
	}
	for _, name := range [...]string{"root", "cwd"} {
		st, err := procfs.FileStat(t.tid, name)
		switch {
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
			return nil // it is dying
		case err != nil:
			return err
		case st.Dev != dev || st.Ino != ino:
			s.breach(t.proc.tgid, t.tid, "a root directory kept from before the entry point")
		}
	}
	return nil
}

// noDirectories checks that no descriptor of a directory is open: openat and
// fchdir would lead out of the new root by it.
func (s *session) noDirectories(p *process) error {
	fds, err := procfs.Descriptors(p.tgid)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, fd := range fds {
		st, err := procfs.FileStat(p.tgid, "fd/"+strconv.Itoa(fd))
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			s.breach(p.tgid, p.tgid, fmt.Sprintf("descriptor %d is a directory kept from before the entry point", fd))
		}
	}
	return nil
}

// breach ends the session for what the program did and no rule could see.
func (s *session) breach(pid, tid int, what string) {
	v := &Violation{Arch: abi.Native().String(), PID: pid, TID: tid, Rule: "root: " + what}
	if s.budget.end(PolicyViolation, "") {
		s.result.Outcome, s.result.Violation = PolicyViolation, v
	}
	s.killing = true
}

// returnRoot gives the stub its own root back, for the children of the next
// session.
func (s *session) returnRoot() {
	if !s.rooted || s.worker.stub == nil {
		return
	}
	if err := s.worker.stub.ChangeRoot(false); err != nil {
		s.worker.closeStub() // another will be made
	}
}
