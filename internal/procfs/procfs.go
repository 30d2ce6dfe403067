// Package procfs makes the few /proc readings that a supervisor makes of a
// process it holds: status, stat, the auxiliary vector, the threads, and,
// because it answers the same question, the process's CPU-time clock.
//
// Reads go into fixed buffers and are bounded. Nothing in these files can be
// trusted to be well formed: a process chooses its own name, and with
// PR_SET_MM its auxiliary vector. Odd content is an error or a zero value,
// never a panic.
//
// All paths are opened relative to one descriptor of /proc, which is taken on
// first use and kept for the life of the program. A supervisor whose thread
// changes its root must call [Root] before it does.
//
// Limits: /proc must be mounted for the supervisor's own pid namespace; a
// process id means whatever process has it at the moment of the call, so the
// caller must hold the process (traced, or an unreaped child). With hidepid
// or an unreadable (non-dumpable) process the kernel's EACCES or EPERM comes
// back as it is.
package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// ErrMalformed is the cause of errors about content that proc(5) does not
// describe.
var ErrMalformed = errors.New("unexpected content")

// Error is a failed reading of a file of one process.
//
// Err holds the kernel's errno or ErrMalformed. When the process is gone (the
// open gives ENOENT, a read of a file that was open ESRCH), errors.Is is true
// for both fs.ErrNotExist and unix.ESRCH, whichever the kernel said.
type Error struct {
	Op   string // "open", "read", "clock"
	PID  int    // the process or thread asked about
	File string // the name below /proc/<pid>; empty for the clock
	Err  error
}

func (e *Error) Error() string {
	if e.File == "" {
		return fmt.Sprintf("procfs: cpu %s of %d: %v", e.Op, e.PID, e.Err)
	}
	return fmt.Sprintf("procfs: %s /proc/%d/%s: %v", e.Op, e.PID, e.File, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the two ways in which the kernel says "gone" one.
func (e *Error) Is(target error) bool {
	if target != fs.ErrNotExist && target != error(unix.ESRCH) {
		return false
	}
	return errors.Is(e.Err, unix.ENOENT) || errors.Is(e.Err, unix.ESRCH)
}

// root holds the descriptor of /proc plus one; 0 is "not open yet".
var (
	root   atomic.Int32
	rootMu sync.Mutex
)

// Root returns the descriptor of /proc, opening it on first use. It stays
// open, close-on-exec, until the program ends: do not close it.
//
// Call it before a thread that will use this package changes its root: the
// descriptor goes on leading to /proc where the path no longer does. A failed
// call is not remembered.
func Root() (int, error) {
	if fd := root.Load(); fd != 0 {
		return int(fd - 1), nil
	}
	rootMu.Lock()
	defer rootMu.Unlock()
	if fd := root.Load(); fd != 0 {
		return int(fd - 1), nil
	}
	fd, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("procfs: open /proc: %w", err)
	}
	// An ordinary directory at /proc would be answered from by whoever made it.
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("procfs: statfs /proc: %w", err)
	}
	if st.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(fd)
		return -1, errors.New("procfs: /proc is not a proc file system")
	}
	root.Store(int32(fd) + 1)
	return fd, nil
}

// maxPath bounds "<pid>/<name>" and its NUL; the longest names used are a
// dozen bytes.
const maxPath = 64

// Open opens /proc/<pid>/<name> close-on-exec with flags (O_RDONLY, O_RDWR)
// and returns the descriptor, which is the caller's to close. pid may be that
// of a thread that leads no process. A file such as mem or maps belongs to
// the address space that the process had at the opening: after an execve it
// must be opened again.
func Open(pid int, name string, flags int) (int, error) {
	dir, err := Root()
	if err != nil {
		return -1, err
	}
	var path [maxPath]byte
	p := strconv.AppendInt(path[:0], int64(pid), 10)
	if pid <= 0 || len(p)+1+len(name) >= len(path) {
		return -1, &Error{"open", pid, name, unix.EINVAL}
	}
	path[len(p)] = '/'
	copy(path[len(p)+1:], name)
	for {
		fd, err := openat(dir, &path, flags|unix.O_CLOEXEC)
		switch err {
		case 0:
			return fd, nil
		case unix.EINTR:
		default:
			return -1, &Error{"open", pid, name, err}
		}
	}
}

// read is read(2) without its EINTR. A raw errno keeps it free of allocation.
func read(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// readAll reads a whole small file into p: EFBIG when it does not fit.
func readAll(pid int, name string, p []byte) (int, error) {
	fd, err := Open(pid, name, unix.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	n := 0
	for {
		if n == len(p) {
			return n, &Error{"read", pid, name, unix.EFBIG}
		}
		m, err := read(fd, p[n:])
		if err != nil {
			return n, &Error{"read", pid, name, err}
		}
		if m == 0 {
			return n, nil
		}
		n += m
	}
}
