package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/tracer"
)

// way is one of the ways in which warder may be run: with which rights.
type way struct {
	Name string `json:"name"`
	As   string `json:"as"` // in words
	// command prepares warder itself, run in that way. An error says why this
	// caller cannot.
	command func(ctx context.Context, args ...string) (*exec.Cmd, error)
}

// The ways, as the columns of doctor --walls name them.
const (
	asRoot     = "root"
	asUser     = "user namespaces"
	asPlain    = "plain user"
	asFileCaps = "file capabilities"
)

// ordinaryUser is nobody's id: no rights, and on most machines no files.
const ordinaryUser = 65534

// self is this executable, whatever has become of its name.
const self = "/proc/self/exe"

// idsGroup is the group of the file that ids are shared out by, 0 where there
// is no other: who runs warder by file capabilities has to be in it
// (docs/operations.md).
func idsGroup() uint32 {
	var st unix.Stat_t
	if unix.Stat("/run/warder/ids", &st) != nil || st.Mode&0o060 != 0o060 {
		return 0
	}
	return st.Gid
}

// ways lists them. Their number grows with the ways there are to get rights.
func ways() []way {
	return []way{
		{asRoot, "root, or a user with all capabilities", rootCommand},
		{asUser, "an ordinary user who may make user namespaces", userCommand},
		{asPlain, "an ordinary user who may not make them", plainCommand},
		{asFileCaps, "an ordinary user; the binary has " + fileCapsText(), fileCapsCommand},
	}
}

func prepare(ctx context.Context, path string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = "/" // the caller's may be closed to the user
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	return cmd
}

// mayBecome says why this caller cannot start a process as somebody else.
func mayBecome() error {
	switch {
	case os.Geteuid() != 0:
		return errors.New("only root can try it")
	case !capable(unix.CAP_SETUID) || !capable(unix.CAP_SETGID):
		return errors.New("needs CAP_SETUID and CAP_SETGID")
	}
	return nil
}

func rootCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if os.Geteuid() != 0 {
		return nil, mayBecome()
	}
	return prepare(ctx, self, args), nil
}

// ownWay is the way in which the caller runs this; for an ordinary user without
// file capabilities it may turn out to be asPlain.
func ownWay() string {
	switch {
	case os.Geteuid() == 0:
		return asRoot
	case hasFileCaps():
		return asFileCaps
	}
	return asUser
}

// userCommand is the caller's own way, if he is an ordinary user.
func userCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	cmd := prepare(ctx, self, args)
	switch {
	case os.Geteuid() == 0:
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}
		return cmd, mayBecome()
	case hasFileCaps():
		return nil, errors.New("this binary has file capabilities")
	}
	return cmd, nil
}

// plainCommand shuts user namespaces for one process by the kernel's own
// setting, which counts in the user namespace that it is made in: in a new
// one, of which the process keeps no right, none can be made. Nothing else of
// the machine changes for it.
func plainCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if err := mayBecome(); err != nil {
		return nil, err
	}
	cmd := prepare(ctx, self, append([]string{"doctor", withoutUserNamespaces}, args...))
	same := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: ordinaryUser, HostID: ordinaryUser, Size: 1}}
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = same, same
	cmd.SysProcAttr.GidMappingsEnableSetgroups = true
	return cmd, nil
}

// becomePlain is plainCommand's process: root in its user namespace, which
// becomes an ordinary user and then warder.
func becomePlain(args []string) error {
	const limit = "/proc/sys/user/max_user_namespaces"
	if own, err := os.ReadFile("/proc/self/uid_map"); err != nil {
		return err
	} else if initialMap(own) {
		return errors.New("doctor " + withoutUserNamespaces + ": for a user namespace of its own only")
	}
	if err := os.WriteFile(limit, []byte("0"), 0); err != nil {
		return err
	}
	err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(ordinaryUser, ordinaryUser, ordinaryUser),
		syscall.Setresuid(ordinaryUser, ordinaryUser, ordinaryUser))
	if err != nil {
		return fmt.Errorf("become user %d: %w", ordinaryUser, err)
	}
	return &os.PathError{Op: "execve", Path: self, Err: syscall.Exec(self, append([]string{"warder"}, args...), os.Environ())}
}

// initialMap reports whether a uid_map is that of the namespace that the
// kernel booted with: every id is itself.
func initialMap(m []byte) bool {
	var inside, outside, count uint64
	n, err := fmt.Sscan(string(m), &inside, &outside, &count)
	return err == nil && n == 3 && inside == 0 && outside == 0 && count == 1<<32-1
}

// fileCaps are the capabilities that a binary needs to put up every wall for
// an ordinary user. None gives him a file that he has no right to
// (CAP_DAC_OVERRIDE would: --stdin and --report name files).
var fileCaps = []struct {
	bit  uint
	name string
}{
	{unix.CAP_SETUID, "cap_setuid"},         // a user id for each session
	{unix.CAP_SETGID, "cap_setgid"},         // and a group
	{unix.CAP_KILL, "cap_kill"},             // budgets kill what is then another user's
	{unix.CAP_SYS_PTRACE, "cap_sys_ptrace"}, // and its memory and root are looked at
	{unix.CAP_SETPCAP, "cap_setpcap"},       // an empty bounding set, locked securebits
	{unix.CAP_SYS_CHROOT, "cap_sys_chroot"}, // the empty root
	{unix.CAP_SYS_ADMIN, "cap_sys_admin"},   // namespaces without a user namespace, which knows no held id
}

// fileCapsText is the argument of setcap(8).
func fileCapsText() string {
	text := ""
	for i, c := range fileCaps {
		if i > 0 {
			text += ","
		}
		text += c.name
	}
	return text + "=ep"
}

// fileCapsValue is the extended attribute: struct vfs_cap_data of
// include/uapi/linux/capability.h, all of them permitted and effective.
func fileCapsValue() []byte {
	const revision2, effective = 0x02000000, 1
	var mask uint64
	for _, c := range fileCaps {
		mask |= 1 << c.bit
	}
	var v []byte
	for _, word := range [...]uint32{revision2 | effective, uint32(mask), 0, uint32(mask >> 32), 0} {
		v = binary.LittleEndian.AppendUint32(v, word)
	}
	return v
}

// fileCapsCommand starts a copy of this binary that never has a name, so that
// nobody else can run it and nothing is left however this process ends.
func fileCapsCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if os.Geteuid() != 0 && hasFileCaps() {
		return prepare(ctx, self, args), nil
	}
	if err := mayBecome(); err != nil {
		return nil, err
	}
	file, err := capableCopy()
	if err != nil {
		return nil, err
	}
	cmd := prepare(ctx, "/proc/self/fd/3", args) // in the child's own table
	cmd.ExtraFiles = []*os.File{file}            // closed when nobody refers to it any more
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}
	if g := idsGroup(); g != 0 {
		cmd.SysProcAttr.Credential.Groups = []uint32{g}
	}
	return cmd, nil
}

// capableCopy makes the copy where file capabilities count.
func capableCopy() (*os.File, error) {
	dirs := []string{os.TempDir(), "/var/tmp"}
	if exe, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(exe))
	}
	var errs []error
	for _, dir := range dirs {
		file, err := capableCopyIn(dir)
		if err == nil {
			return file, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", dir, err))
	}
	return nil, fmt.Errorf("no place for a binary with capabilities: %w", errors.Join(errs...))
}

func capableCopyIn(dir string) (*os.File, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil, err
	}
	if fs.Flags&(unix.ST_NOSUID|unix.ST_NOEXEC) != 0 {
		return nil, errors.New("mounted nosuid or noexec")
	}
	in, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.OpenFile(dir, unix.O_TMPFILE|os.O_RDWR, 0o755)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	// The attribute last: writing takes it away.
	if err = errors.Join(err, out.Chmod(0o755)); err == nil {
		err = unix.Fsetxattr(int(out.Fd()), "security.capability", fileCapsValue(), 0)
	}
	if err != nil {
		return nil, err
	}
	// What is open for writing is not executed (ETXTBSY).
	return os.Open("/proc/self/fd/" + strconv.Itoa(int(out.Fd())))
}

// lateCaps are those that are used to a session's end: to end and to look at
// what runs under a held id.
const lateCaps = 1<<unix.CAP_KILL | 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SETUID

// keepFew gives up what file capabilities are for before the program's first
// instruction, once its stub has what it needs. Root has other ways to them.
func keepFew(cfg *tracer.Config) {
	own, err := jail.EffectiveCaps()
	if os.Geteuid() == 0 || err != nil || own&^lateCaps == 0 {
		return
	}
	cfg.Hooks.Entry = func(*tracer.Tracee) {
		if err := jail.KeepCaps(lateCaps); err != nil {
			say("keeps its capabilities: " + err.Error())
		}
	}
}

// hasFileCaps reports whether this process got all of them.
func hasFileCaps() bool {
	own, err := jail.EffectiveCaps()
	if err != nil {
		return false
	}
	for _, c := range fileCaps {
		if own&(1<<c.bit) == 0 {
			return false
		}
	}
	return true
}
