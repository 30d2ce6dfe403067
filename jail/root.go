package jail

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// roots gives descriptors of the root directory that this process has and of
// the empty one.
func roots() (own, empty int, err error) {
	if empty, err = emptyDir(); err != nil {
		return -1, -1, err
	}
	own, err = ownRoot()
	return own, empty, err
}

var ownRoot = sync.OnceValues(func() (int, error) {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/", Err: err}
	}
	return fd, nil
})

// emptyDir is a directory that is empty for ever: it has been removed, and
// the kernel makes nothing in a dead directory (IS_DEADDIR, fs/namei.c), for
// root neither. Nothing is left of it when the process ends.
var emptyDir = sync.OnceValues(func() (int, error) {
	var first error
	// Memory file systems first: on a disk it takes milliseconds.
	for _, base := range [...]string{"/dev/shm", "/run", os.TempDir(), "."} {
		fd, err := deadDir(base)
		if err == nil {
			return fd, nil
		}
		if first == nil {
			first = err
		}
	}
	return -1, fmt.Errorf("empty root directory: %w", first)
})

func deadDir(base string) (int, error) {
	name, err := os.MkdirTemp(base, "warder-root-")
	if err != nil {
		return -1, err
	}
	fd, err := unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		err = &os.PathError{Op: "open", Path: name, Err: err}
	} else if err = os.Chmod(name, 0o555); err != nil { // to be searched by every held user
		unix.Close(fd)
	}
	if rerr := os.Remove(name); err == nil && rerr != nil {
		unix.Close(fd)
		err = rerr
	}
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// changeRoot moves root and working directory to a directory of the stub's.
func (t *table) changeRoot(fd uint64) {
	t.call("fchdir (root)", unix.SYS_FCHDIR, fd)
	t.call("chroot", unix.SYS_CHROOT, t.put([]byte(".\x00")))
}

// ChangeRoot moves the root and the working directory of the stub, and of
// every child and thread that still shares its filesystem state (CLONE_FS), to
// the empty directory, or back. The program is not asked: it needs no right to
// it, and its execve and its loader had the root that they needed.
func (s *Stub) ChangeRoot(empty bool) error {
	t := &s.table
	t.clear(0, s.key)
	t.changeRoot(ownRootFD)
	if empty {
		t.clear(0, s.key)
		t.changeRoot(emptyRootFD)
	}
	if err := s.make(); err != nil {
		return fmt.Errorf("change root: %w", err)
	}
	return s.writeClone()
}

// EmptyRoot tells the empty directory from every other: its device and inode.
func EmptyRoot() (dev, ino uint64, err error) {
	fd, err := emptyDir()
	if err != nil {
		return 0, 0, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, 0, fmt.Errorf("empty root directory: fstat: %w", err)
	}
	return st.Dev, st.Ino, nil
}
