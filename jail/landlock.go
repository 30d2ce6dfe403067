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
	// Write opens files that are there for writing, and truncates them.
	Write = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	// Create is for trees: their files, directories and symbolic links may be
	// made, removed, renamed and linked, within a tree and between trees, and
	// read and written. Devices, sockets and named pipes cannot be made.
	Create = Read | Write | makes | unix.LANDLOCK_ACCESS_FS_REFER

	makes = unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR

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

// PortRange is the TCP ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// Domain says what a Landlock domain leaves open. All else that the kernel's
// ABI can refuse is refused; the zero value opens nothing. Domains stack: what
// a process may do is what each of its domains leaves open
// (Documentation/userspace-api/landlock.rst).
type Domain struct {
	Files    []Grant
	AnyFile  bool        // files are left out of it; there are no Files
	Connect  []PortRange // ABI 4
	Bind     []PortRange // ABI 4
	AnyTCP   TCP         // what is left out of it
	Signals  bool        // signals reach processes outside; they are ABI 6
	Abstract bool        // so do connections to abstract Unix sockets; ABI 6

	// Root is a descriptor of the directory in which paths are looked up; 0 or
	// less: the caller's own root.
	Root int
}

// TCP is a set of rights about TCP ports (LANDLOCK_ACCESS_NET_*).
type TCP uint64

// The rights, of Domain.AnyTCP.
const (
	BindTCP    TCP = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	ConnectTCP TCP = unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
)

// LandlockABI is the version of Landlock that the running kernel has (1 and
// up), or 0 where it has none or it is switched off.
var LandlockABI = sync.OnceValue(func() int {
	v, err := landlockVersion()
	if err != nil {
		return 0
	}
	return v
})

// Handled gives what d refuses, but for its grants, at one ABI from 1 on: the
// fields of struct landlock_ruleset_attr.
func (d *Domain) Handled(abi int) (files, net, scoped uint64) {
	files = 1<<13 - 1 // ABI 1: EXECUTE to MAKE_SYM
	if d.AnyFile {
		// One right that no held program has anyway, so that there is a domain:
		// Landlock keeps a program in one from tracing any process outside, its
		// stub above all (hook_ptrace_access_check, security/landlock/task.c).
		files = unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
	}
	if abi >= 2 {
		files |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 && !d.AnyFile {
		files |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		net = uint64((BindTCP | ConnectTCP) &^ d.AnyTCP)
	}
	if abi >= 5 && !d.AnyFile {
		files |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		if !d.Abstract {
			scoped |= unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		}
		if !d.Signals {
			scoped |= unix.LANDLOCK_SCOPE_SIGNAL
		}
	}
	return files, net, scoped
}

// NewRuleset makes the ruleset of a domain for the running kernel. The
// descriptor is close-on-exec and belongs to the caller.
func NewRuleset(d *Domain) (fd int, err error) {
	abi := LandlockABI()
	if abi == 0 {
		return -1, fmt.Errorf("landlock: %w", unix.EOPNOTSUPP)
	}
	files, net, scoped := d.Handled(abi)
	if fd, err = landlockCreate(files, net, scoped, abi); err != nil {
		return -1, fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	if err = d.fill(fd, files, TCP(net)); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// fill adds the rules for what is handled.
func (d *Domain) fill(ruleset int, files uint64, net TCP) error {
	grants := d.Files
	if d.AnyFile {
		grants = nil
		if files&unix.LANDLOCK_ACCESS_FS_REFER != 0 {
			// The one right that a domain refuses without handling it: files
			// could not move between directories.
			grants = []Grant{{Path: "/", FD: -1, Access: unix.LANDLOCK_ACCESS_FS_REFER}}
		}
	}
	for _, g := range grants {
		if err := d.grant(ruleset, g, files); err != nil {
			if g.Optional && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return err
		}
	}
	if net&ConnectTCP != 0 {
		if err := openPorts(ruleset, ConnectTCP, d.Connect); err != nil {
			return err
		}
	}
	if net&BindTCP != 0 {
		return openPorts(ruleset, BindTCP, d.Bind)
	}
	return nil
}

func openPorts(ruleset int, right TCP, ports []PortRange) error {
	for _, r := range ports {
		for port := uint64(r.First); port <= uint64(r.Last); port++ {
			if err := landlockAddPort(ruleset, uint64(right), port); err != nil {
				return fmt.Errorf("landlock_add_rule: TCP port %d: %w", port, err)
			}
		}
	}
	return nil
}

func (d *Domain) grant(ruleset int, g Grant, known uint64) error {
	fd := g.FD
	if fd < 0 {
		var err error
		if fd, err = d.open(&g); err != nil {
			return err
		}
		defer unix.Close(fd)
	}
	access := g.Access & known
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &fs.PathError{Op: "fstat", Path: g.Path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if access&makes != 0 {
			return &fs.PathError{Op: "grant making files below", Path: g.Path, Err: unix.ENOTDIR}
		}
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

// open opens the object of a grant with O_PATH, which opens no file: a pipe
// has no reader for it and a device is not told, and nothing is made or
// truncated, whatever the rights are.
//
// What may be written is found without symbolic links. The program of an
// earlier session, or another program that may write there, could have left
// one for the supervisor to follow, which has rights that neither has.
func (d *Domain) open(g *Grant) (int, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC}
	root := unix.AT_FDCWD
	if d.Root > 0 {
		root, how.Resolve = d.Root, unix.RESOLVE_IN_ROOT
	}
	if g.Access&(Write|makes) != 0 {
		how.Resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	if how.Resolve == 0 {
		fd, err := unix.Open(g.Path, int(how.Flags), 0)
		if err != nil {
			return -1, &fs.PathError{Op: "open", Path: g.Path, Err: err}
		}
		return fd, nil
	}
	fd, err := unix.Openat2(root, g.Path, &how)
	switch {
	case errors.Is(err, unix.ELOOP) && how.Resolve&unix.RESOLVE_NO_SYMLINKS != 0:
		return -1, fmt.Errorf("%w: what may be written is granted by its own path, without symbolic links",
			&fs.PathError{Op: "openat2", Path: g.Path, Err: err})
	case err != nil:
		return -1, &fs.PathError{Op: "openat2", Path: g.Path, Err: err}
	}
	return fd, nil
}
