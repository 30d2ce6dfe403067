package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Ids are shared out by locks on one file, a byte an id: of all sessions of
// all processes on the machine one at a time has an id, and the kernel gives
// the lock up with the process that held it, however it died. They are locks
// of the open file (F_OFD_SETLK, fcntl(2)), so that closing another descriptor
// of it loses nothing. The byte itself is 1 while a program has the id that a
// killed supervisor would leave running; so that whoever starts next need not
// look for such bytes, those ids are listed in the file's first page, whose
// bytes are no session's (IDs.check): four bytes each, the least significant one
// first. An entry is of who has the lock on its id, and free if it is 0.
const idFile = "/run/warder/ids"

const (
	idEntry   = 4
	idEntries = 4096 / idEntry
)

// idBlock is how many ids a process looks through first, in a place of its
// own: with many at work none has to try what the others have.
const idBlock = 512

var held struct {
	sync.Mutex
	file    *os.File
	ids     map[uint32]bool
	entries map[uint32]int // of the ids that are listed
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
		held.file, held.ids, held.entries = f, make(map[uint32]bool), make(map[uint32]int)
	}
	blocks := max(r.Count/idBlock, 1)
	first := uint32(os.Getpid()) % blocks * idBlock
	for i := range r.Count {
		id := r.First + (first+i)%r.Count
		if held.ids[id] {
			continue
		}
		err := lockIDs(int64(id), 1, unix.F_WRLCK)
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

// giveID unlocks an id. If it is marked still, it is so for others to see.
func giveID(id uint32) {
	held.Lock()
	defer held.Unlock()
	delete(held.ids, id)
	delete(held.entries, id)
	_ = lockIDs(int64(id), 1, unix.F_UNLCK) // at worst the id is this process's until it ends
}

func lockIDs(at, n int64, kind int16) error {
	l := unix.Flock_t{Type: kind, Whence: 0, Start: at, Len: n}
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

// mark sets an id's byte and lists it, or undoes both.
func mark(id uint32, on bool) error {
	held.Lock()
	defer held.Unlock()
	if on {
		enlist(id)
		return writeIDs(int64(id), []byte{1})
	}
	err := writeIDs(int64(id), []byte{0})
	if i, ok := held.entries[id]; ok && err == nil {
		delete(held.entries, id)
		err = writeIDs(int64(i)*idEntry, make([]byte, idEntry))
	}
	return err
}

func writeIDs(at int64, b []byte) error {
	if _, err := unix.Pwrite(int(held.file.Fd()), b, at); err != nil {
		return fmt.Errorf("user ids of sessions: write %s: %w", idFile, err)
	}
	return nil
}

// enlist enters an id of the caller's in the first page, unless it is there from
// before. Where that is full or cannot be written, what a killed supervisor
// leaves under the id is ended when the id is used again, not before.
func enlist(id uint32) {
	ids := listed()
	if i := slices.Index(ids, id); i >= 0 {
		held.entries[id] = i
		return
	}
	for i, other := range ids {
		at := int64(i) * idEntry
		if other != 0 || lockIDs(at, idEntry, unix.F_WRLCK) != nil {
			continue // another's, or just about to be
		}
		free := listed()[i] == 0
		if free && writeIDs(at, binary.LittleEndian.AppendUint32(nil, id)) == nil {
			held.entries[id] = i
		}
		_ = lockIDs(at, idEntry, unix.F_UNLCK)
		if free {
			return
		}
	}
}

// listed reads the first page; what cannot be read is free.
func listed() []uint32 {
	page := make([]byte, idEntries*idEntry) // not on the stack, which would have to grow for it
	n, err := unix.Pread(int(held.file.Fd()), page, 0)
	if err != nil {
		n = 0
	}
	ids := make([]uint32, n/idEntry, idEntries)
	for i := range ids {
		ids[i] = binary.LittleEndian.Uint32(page[i*idEntry:])
	}
	return ids[:idEntries]
}

// takeAbandoned locks the listed ids that no session has, of those that may be
// had.
func takeAbandoned(may func(uint32) bool) (ids []uint32) {
	held.Lock()
	defer held.Unlock()
	if held.file == nil {
		return nil
	}
	for i, id := range listed() {
		if id == 0 || !may(id) || held.ids[id] || lockIDs(int64(id), 1, unix.F_WRLCK) != nil {
			continue
		}
		if listed()[i] != id { // another has done it meanwhile
			_ = lockIDs(int64(id), 1, unix.F_UNLCK)
			continue
		}
		held.ids[id], held.entries[id] = true, i
		ids = append(ids, id)
	}
	return ids
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
