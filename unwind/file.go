package unwind

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"warder/internal/elfread"
	"warder/internal/procfs"
	"warder/memory"
)

// The causes why a mapping's file is not opened.
var (
	errNoFile     = errors.New("the mapping has no file")
	errOtherFile  = errors.New("another file has that name now")
	errNotRegular = errors.New("not a regular file")
	errServed     = errors.New("its file system is served by a process (FUSE)")
)

// live opens the files of a live process.
type live struct {
	tid    int
	mounts func() map[string]string // device to file system type, read once
}

func newLive(tid int) *live {
	return &live{tid, sync.OnceValue(func() map[string]string { return mounts(tid) })}
}

// open opens the file of a mapping: through the kernel's own link to it, which
// needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN and finds files that have been
// removed; otherwise by its name.
//
// The name leads where the process wants. So nothing but a name is opened at
// first (O_PATH), which neither waits for the other end of a FIFO nor starts a
// device's driver, and it must be a regular file. A file of a FUSE mount is not
// opened: whoever serves it could have us wait for ever.
func (l *live) open(m memory.Mapping) (*os.File, error) {
	fd, err := l.link(m)
	if err == nil {
		return reopen(fd, m, false)
	}
	return l.byName(m)
}

// link returns a descriptor that names the file of a mapping, by the kernel's
// link.
func (l *live) link(m memory.Mapping) (int, error) {
	if m.Inode == 0 {
		return -1, errNoFile
	}
	if err := l.trusted(m.Dev); err != nil {
		return -1, fmt.Errorf("%s: %w", m.Path, err)
	}
	return procfs.Open(l.tid, fmt.Sprintf("map_files/%x-%x", m.Start, m.End), unix.O_PATH)
}

// identify tells the file of a mapping without opening it.
func (l *live) identify(m memory.Mapping) (fileID, error) {
	fd, err := l.link(m)
	if err != nil {
		return fileID{}, err
	}
	defer unix.Close(fd)
	st, err := stat(fd, m)
	if err != nil {
		return fileID{}, err
	}
	return fileID{
		dev: unix.Mkdev(st.Dev_major, st.Dev_minor), inode: st.Ino, size: int64(st.Size),
		mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec), ctime: st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec),
	}, nil
}

// stat looks at a regular file. Without AT_STATX_DONT_SYNC a network's or
// FUSE's server would be asked.
func stat(fd int, m memory.Mapping) (*unix.Statx_t, error) {
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS, &st); err != nil {
		return nil, fmt.Errorf("statx %s: %w", m.Path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%s: %w", m.Path, errNotRegular)
	}
	return &st, nil
}

// byName finds the file by its name in the process's root, or in ours, where
// that has the mapping's device and inode.
func (l *live) byName(m memory.Mapping) (*os.File, error) {
	if m.Inode == 0 || len(m.Path) == 0 || m.Path[0] != '/' || m.Deleted {
		return nil, fmt.Errorf("%s: %w", m.Path, errNoFile)
	}
	if err := l.trusted(m.Dev); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	var first error
	// Ours is our first thread's: another may have left for an empty root.
	for _, pid := range [...]int{l.tid, os.Getpid()} {
		fd, err := below(pid, m.Path)
		if err == nil {
			var f *os.File
			if f, err = reopen(fd, m, true); err == nil {
				return f, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// below finds a name in a process's root. The root is a link of the kernel's;
// in the name none is followed.
func below(pid int, name string) (int, error) {
	root, err := procfs.Open(pid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return -1, err
	}
	defer unix.Close(root)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(root, name, &how)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", name, err)
	}
	return fd, nil
}

// reopen makes of a descriptor that only names a file one that reads it. It
// takes the descriptor over.
func reopen(fd int, m memory.Mapping, check bool) (*os.File, error) {
	defer unix.Close(fd)
	st, err := stat(fd, m)
	if err != nil {
		return nil, err
	}
	if check && (st.Ino != m.Inode || device(st.Dev_major, st.Dev_minor) != m.Dev) {
		return nil, fmt.Errorf("%s: %w", m.Path, errOtherFile)
	}
	rd, err := procfs.Open(unix.Gettid(), "fd/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", m.Path, err)
	}
	return os.NewFile(uintptr(rd), m.Path), nil
}

// debugFile opens the file that has a build's debugging information.
func (w *walker) debugFile(buildID []byte) *elfread.File {
	if len(buildID) < 2 {
		return nil
	}
	for _, dir := range w.u.debugDirs {
		name := fmt.Sprintf("%s/.build-id/%02x/%x.debug", dir, buildID[0], buildID[1:])
		fd, err := below(os.Getpid(), name)
		if err != nil {
			continue
		}
		f, err := reopen(fd, memory.Mapping{Path: name}, false)
		if err != nil {
			continue
		}
		w.files = append(w.files, f)
		_, size, err := identify(f)
		if err != nil {
			continue
		}
		if e, err := sized(f, size); err == nil && bytes.Equal(e.BuildID(), buildID) {
			return e
		}
	}
	return nil
}

// device writes a device number as /proc/<pid>/maps does.
func device(major, minor uint32) string { return fmt.Sprintf("%02x:%02x", major, minor) }

// trusted says whether the files of a device can be read without waiting for a
// process. Devices with a major number are disks; those without are looked up
// in the process's mounts, but for the kernel's own mount that memfd_create's
// files are on, which nobody sees.
func (l *live) trusted(dev string) error {
	if !strings.HasPrefix(dev, "00:") || dev == memfdDevice() {
		return nil
	}
	typ, ok := l.mounts()[dev]
	if !ok {
		return fmt.Errorf("device %s: %w", dev, errNotMounted)
	}
	if typ == "fuse" || strings.HasPrefix(typ, "fuse.") {
		return errServed
	}
	return nil
}

var errNotMounted = errors.New("no mount of it is known")

// memfdDevice is the device of files that memfd_create makes.
var memfdDevice = sync.OnceValue(func() string {
	fd, err := unix.MemfdCreate("unwind", unix.MFD_CLOEXEC)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &st); err != nil {
		return ""
	}
	return device(st.Dev_major, st.Dev_minor)
})

// mounts reads the file system types of a process's mounts and our own, by
// device as in the list of mappings (proc_pid_mountinfo(5)).
func mounts(tid int) map[string]string {
	types := map[string]string{}
	for _, pid := range [...]int{unix.Gettid(), tid} {
		fd, err := procfs.Open(pid, "mountinfo", unix.O_RDONLY)
		if err != nil {
			continue
		}
		f := os.NewFile(uintptr(fd), "mountinfo")
		const limit = 4 << 20 // thousands of mounts; who has more does without files
		text, _ := io.ReadAll(io.LimitReader(f, limit))
		_ = f.Close()
		for line := range strings.Lines(string(text)) {
			before, after, ok := strings.Cut(line, " - ")
			left, right := strings.Fields(before), strings.Fields(after)
			if !ok || len(left) < 3 || len(right) < 1 {
				continue
			}
			major, minor, _ := strings.Cut(left[2], ":")
			ma, err1 := strconv.ParseUint(major, 10, 32)
			mi, err2 := strconv.ParseUint(minor, 10, 32)
			if err1 == nil && err2 == nil {
				types[device(uint32(ma), uint32(mi))] = right[0]
			}
		}
	}
	return types
}

// fileID tells files, and the states of one, apart. The zero value is that of
// a file that is not kept in the cache.
type fileID struct {
	dev, inode   uint64
	size         int64
	mtime, ctime int64
	image        [32]byte // the hash of an image in memory
}

// identify returns the identity of an open file, and its size.
func identify(f *os.File) (id fileID, size int64, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return fileID{}, 0, fmt.Errorf("fstat: %w", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size <= 0 || st.Size == math.MaxInt64 {
		return fileID{}, 0, errNotRegular
	}
	id = fileID{dev: st.Dev, inode: st.Ino, size: st.Size, mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano()}
	return id, st.Size, nil
}
