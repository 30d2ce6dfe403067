package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// Ids are shared out by locks on one file, a byte an id: of all sessions of
// all processes on the machine one at a time has an id, and the kernel gives
// the lock up with the process that held it, however it died. They are locks
// of the open file (F_OFD_SETLK, fcntl(2)), so that closing another descriptor
// of it loses nothing. The byte itself is 1 while a program has the id that a
// killed supervisor would leave running.
const idFile = "/run/warder/ids"

// idBlock is how many ids a process looks through first, in a place of its
// own: with many at work none has to try what the others have.
const idBlock = 512

var held struct {
	sync.Mutex
	file *os.File
	ids  map[uint32]bool
}

// takeID locks an id of the range that no session has.
func takeID(r IDs) (uint32, error) {
	held.Lock()
	defer held.Unlock()
	if held.file == nil {
		f, err := openIDs(idFile)
		if err != nil {
			return 0, fmt.Errorf("user ids of sessions: %w", err)
		}
		held.file, held.ids = f, make(map[uint32]bool)
	}
	blocks := max(r.Count/idBlock, 1)
	first := uint32(os.Getpid()) % blocks * idBlock
	for i := range r.Count {
		id := r.First + (first+i)%r.Count
		if held.ids[id] {
			continue
		}
		err := lockID(id, unix.F_WRLCK)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			continue // another process's
		}
		if err != nil {
			return 0, fmt.Errorf("user ids of sessions: lock in %s: %w", idFile, err)
		}
		held.ids[id] = true
		return id, nil
	}
	return 0, fmt.Errorf("all %d user ids from %d are in use", r.Count, r.First)
}

// giveID unlocks an id.
func giveID(id uint32) {
	held.Lock()
	defer held.Unlock()
	delete(held.ids, id)
	_ = lockID(id, unix.F_UNLCK) // at worst the id is this process's until it ends
}

func lockID(id uint32, kind int16) error {
	l := unix.Flock_t{Type: kind, Whence: 0, Start: int64(id), Len: 1}
	return unix.FcntlFlock(held.file.Fd(), unix.F_OFD_SETLK, &l)
}

// marked reads an id's byte; the id is the caller's.
func marked(id uint32) (bool, error) {
	var b [1]byte
	n, err := unix.Pread(int(held.file.Fd()), b[:], int64(id))
	if err != nil {
		return false, fmt.Errorf("user ids of sessions: read %s: %w", idFile, err)
	}
	return n == 1 && b[0] != 0, nil
}

func mark(id uint32, on bool) error {
	b := []byte{0}
	if on {
		b[0] = 1
	}
	if _, err := unix.Pwrite(int(held.file.Fd()), b, int64(id)); err != nil {
		return fmt.Errorf("user ids of sessions: write %s: %w", idFile, err)
	}
	return nil
}

// openIDs opens the file, and makes it at first. Nobody else may be able to
// replace it: two files would be two sets of locks.
func openIDs(name string) (*os.File, error) {
	dir := filepath.Dir(name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return nil, &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Mode&unix.S_IWOTH != 0 || st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s: not a directory of root's alone", dir)
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
}
