package tracer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/jail"
)

// changeRoot moves the root of all tasks.
func (s *session) changeRoot() error {
	s.rootWaits, s.rooted = false, true
	if err := s.worker.stub.ChangeRoot(true); err != nil {
		return err
	}
	back := s.asHeld()
	defer back()
	return s.checkRoot()
}

// checkRoot looks for what a task may have kept from before the root moved.
func (s *session) checkRoot() error {
	for _, t := range s.tasks {
		if err := s.insideRoot(t); err != nil {
			return err
		}
		if err := s.noWayBack(t); err != nil {
			return err
		}
	}
	return nil
}

// asHeld lets the calling thread look at the program's files in /proc, which
// are its user's, where warder is not root: by the user id that the kernel
// checks for files alone (setfsuid(2)).
func (s *session) asHeld() (back func()) {
	own := os.Geteuid()
	if own == 0 || s.uid < 0 {
		return func() {}
	}
	_ = unix.Setfsuid(s.uid) // without the right to it what follows says so
	return func() { _ = unix.Setfsuid(own) }
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
			s.breach(t.proc.tgid, t.tid, "root", "a root directory kept from before the entry point")
		}
	}
	return nil
}

// noWayBack checks the descriptors of a task, which may have a table of its
// own. By one of a directory openat and fchdir would lead out of the new root;
// a socket may hold one in a message, an io_uring as a registered file.
func (s *session) noWayBack(t *task) error {
	fds, err := procfs.Descriptors(t.tid)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, fd := range fds {
		name := "fd/" + strconv.Itoa(fd)
		st, err := procfs.FileStat(t.tid, name)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
			continue // the task is dying
		}
		if err != nil {
			return err // what was not looked at does not pass
		}
		what := ""
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			what = "a directory"
		case unix.S_IFSOCK:
			what = "a socket"
		case 0: // an anonymous inode
			if link, err := procfs.ReadLink(t.tid, name); err != nil || link == "anon_inode:[io_uring]" {
				what = "an io_uring"
			}
		}
		if what != "" {
			s.breach(t.proc.tgid, t.tid, "root", fmt.Sprintf("descriptor %d is %s kept from before the entry point", fd, what))
		}
	}
	return nil
}

// breach ends the session for what the program did and no rule could see.
func (s *session) breach(pid, tid int, wall, what string) {
	v := &Violation{Arch: abi.Native().String(), PID: pid, TID: tid, Rule: wall + ": " + what}
	if s.budget.end(PolicyViolation, "") {
		s.result.Outcome, s.result.Violation = PolicyViolation, v
	}
	s.killing = true
}

// neverMoved takes the root wall back where the program ran to its end without
// coming to its entry point: its interpreter may be its own.
func (s *session) neverMoved() {
	if s.rootWaits {
		s.result.Walls = slices.DeleteFunc(s.result.Walls, func(w Wall) bool { return w == WallRoot })
		s.unavailable(string(WallRoot), "the program never came to its entry point")
	}
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
