package jail

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// View is a root directory made of pieces of the one that the supervisor has,
// in a mount namespace of the stub's: what is no piece of it is not there, for
// stat(2) neither.
type View struct {
	// Base is an existing directory that the view is mounted over, in the
	// stub's namespace alone. It is no piece and holds none.
	Base string
	// Pieces are directories and files without symbolic links in their names.
	// One below another comes after it, and is mounted over it.
	Pieces []Piece
	// Links are symbolic links, by name, outside the pieces.
	Links map[string]string
	// Dirs are empty directories, for the working directory.
	Dirs []string
}

// Piece is a directory or file that is seen in a View under its own name.
type Piece struct {
	Name     string
	File     bool
	Writable bool // as far as file permissions and Landlock go
	Device   bool // may be or hold device files
}

// cwd is AT_FDCWD as a register has it.
const cwd = ^uint64(99)

// ViewStep begins the name of every step that makes a view.
const ViewStep = "view: "

// ViewBase is where the stub's View is mounted in its own mount namespace,
// which is before every name of a file in it as others see them; "" where there
// is none.
func (s *Stub) ViewBase() string {
	if s.view == nil {
		return ""
	}
	return s.view.Base
}

// make puts the calls that make the view into the table. The stub is in its
// new mount namespace.
func (v *View) make(t *table) {
	str := func(s string) uint64 { return t.put([]byte(s + "\x00")) }
	at := func(name string) uint64 { return str(v.Base + name) }
	slave := uint64(unix.MS_REC | unix.MS_SLAVE) // nothing done here is seen outside
	t.call(ViewStep+"mount / (slave)", unix.SYS_MOUNT, str("none"), str("/"), 0, slave, 0)
	t.call(ViewStep+"mount tmpfs", unix.SYS_MOUNT, str("held"), str(v.Base), str("tmpfs"),
		unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, str("mode=755,size=1m,nr_inodes=8k"))
	made := map[string]bool{"/": true}
	var dir func(name string)
	dir = func(name string) {
		if !made[name] {
			made[name] = true
			dir(path.Dir(name))
			t.call(ViewStep+"mkdir "+name, unix.SYS_MKDIRAT, cwd, at(name), 0o755)
		}
	}
	for i, p := range v.Pieces {
		switch {
		case slices.ContainsFunc(v.Pieces[:i], func(q Piece) bool { return below(p.Name, q.Name) }):
			// It is there already.
		case p.File:
			dir(path.Dir(p.Name))
			t.call(ViewStep+"mknod "+p.Name, unix.SYS_MKNODAT, cwd, at(p.Name), unix.S_IFREG|0o444, 0)
		default:
			dir(p.Name)
		}
		target := at(p.Name)
		// With what is mounted below it: in a user namespace that cannot be left
		// out (has_locked_children, fs/namespace.c).
		t.call(ViewStep+"bind "+p.Name, unix.SYS_MOUNT, str(p.Name), target, 0, unix.MS_BIND|unix.MS_REC, 0)
		attr := uint64(unix.MOUNT_ATTR_NOSUID)
		if !p.Device {
			attr |= unix.MOUNT_ATTR_NODEV
		}
		if !p.Writable {
			attr |= unix.MOUNT_ATTR_RDONLY
		}
		t.mountAttr(p.Name, target, unix.AT_RECURSIVE, attr)
	}
	for _, name := range sorted(v.Links) {
		dir(path.Dir(name))
		t.call(ViewStep+"symlink "+name, unix.SYS_SYMLINKAT, str(v.Links[name]), cwd, at(name))
	}
	for _, name := range v.Dirs {
		dir(name)
	}
	t.mountAttr("/", str(v.Base), 0, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
}

// mountAttr sets attributes of a mount (mount_setattr(2)).
func (t *table) mountAttr(name string, target, flags, set uint64) {
	attr := t.putWords(set, 0, 0, 0) // struct mount_attr: set, clear, propagation, userns
	t.call(ViewStep+"mount_setattr "+name, unix.SYS_MOUNT_SETATTR, cwd, target, flags, attr, 32)
}

func sorted(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// enter puts the calls that move a child into the view into the table: to dir
// there, or to its root where dir is not seen.
func (v *View) enter(t *table, dir string) {
	t.changeRootTo(v.Base)
	if dir != "" && dir != "/" && v.Sees(dir) {
		t.call("chdir", unix.SYS_CHDIR, t.put([]byte(dir+"\x00")))
	}
}

// Sees reports whether a directory whose name holds no symbolic link is there.
func (v *View) Sees(dir string) bool {
	for _, p := range v.Pieces {
		if below(dir, p.Name) && !p.File || below(p.Name, dir) {
			return true
		}
	}
	return slices.ContainsFunc(v.Dirs, func(d string) bool { return below(d, dir) })
}

// below reports whether name is tree or lies in it.
func below(name, tree string) bool {
	return name == tree || strings.HasPrefix(name, strings.TrimSuffix(tree, "/")+"/")
}

// changeRootTo is changeRoot by name.
func (t *table) changeRootTo(name string) {
	at := t.put([]byte(name + "\x00"))
	t.call("chdir (root)", unix.SYS_CHDIR, at)
	t.call("chroot", unix.SYS_CHROOT, t.put([]byte(".\x00")))
}
