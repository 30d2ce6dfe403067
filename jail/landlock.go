package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// Rights that a Grant may give (LANDLOCK_ACCESS_FS_*).
const (
	Read = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	Exec = Read | unix.LANDLOCK_ACCESS_FS_EXECUTE

	fileRights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// Grant gives rights below one path: a tree, or a single file.
type Grant struct {
	Path     string // absolute; used where FD is negative
	FD       int    // an open descriptor of it, or -1
	Access   uint64
	Optional bool // an absent path is no error
}

// LandlockABI is the version of Landlock that the running kernel has (1 and
// up), or 0 where it has none or it is switched off.
var LandlockABI = sync.OnceValue(func() int {
	v, err := landlockVersion()
	if err != nil {
		return 0
	}
	return v
})

// handled gives what a ruleset can refuse at one ABI
// (Documentation/userspace-api/landlock.rst).
func handled(abi int) (fsRights, net, scoped uint64) {
	fsRights = 1<<13 - 1 // ABI 1: EXECUTE to MAKE_SYM
	if abi >= 2 {
		fsRights |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		fsRights |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 5 {
		fsRights |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return fsRights, net, scoped
}

// NewRuleset makes a Landlock ruleset that refuses everything the kernel's
// ABI can refuse, but for grants. With anyPath, files are left out of it. The
// descriptor is close-on-exec and belongs to the caller.
func NewRuleset(grants []Grant, anyPath bool) (fd int, err error) {
	abi := LandlockABI()
	if abi == 0 {
		return -1, fmt.Errorf("landlock: %w", unix.EOPNOTSUPP)
	}
	fsRights, net, scoped := handled(abi)
	if anyPath {
		// One right that no held program has anyway, so that there is a domain:
		// Landlock keeps a program in one from tracing any process outside, its
		// stub above all (hook_ptrace_access_check, security/landlock/task.c).
		fsRights, grants = unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK, nil
	}
	fd, err = landlockCreate(fsRights, net, scoped, abi)
	if err != nil {
		return -1, fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	for _, g := range grants {
		if err := grant(fd, g, fsRights); err != nil {
			if g.Optional && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

func grant(ruleset int, g Grant, known uint64) error {
	fd := g.FD
	if fd < 0 {
		var err error
		fd, err = unix.Open(g.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return &fs.PathError{Op: "open", Path: g.Path, Err: err}
		}
		defer unix.Close(fd)
	}
	access := g.Access & known
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &fs.PathError{Op: "fstat", Path: g.Path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= fileRights // the kernel refuses directory rights on a file
	}
	err := landlockAdd(ruleset, access, fd)
	if errors.Is(err, unix.EBADFD) && g.FD >= 0 {
		return nil // on a mount of the kernel's own, a memfd, which Landlock leaves alone
	}
	if err != nil {
		return &fs.PathError{Op: "landlock_add_rule", Path: g.Path, Err: err}
	}
	return nil
}
