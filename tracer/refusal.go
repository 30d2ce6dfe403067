package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// AccessError says why a process cannot be traced, or its memory read, in one
// sentence. Err is the kernel's errno: ESRCH for one that is not there, EPERM
// where it is not permitted (fs.ErrPermission), ErrGone for one that was
// killed meanwhile.
type AccessError struct {
	PID    int
	Name   string // what the process calls itself, or ""
	Reason string // "it is a zombie …", or "" where Err says all
	Err    error
}

func (e *AccessError) Error() string {
	s := "process " + strconv.Itoa(e.PID)
	if e.Name != "" {
		s += " (" + shown(e.Name) + ")"
	}
	if e.Reason != "" {
		return s + ": " + e.Reason
	}
	return s + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *AccessError) Unwrap() error { return e.Err }

// shown makes a name fit for a message: the process chose it.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) || r == '\uFFFD' }) {
		return strconv.Quote(name)
	}
	return name
}

// Explain makes an error of reading a process (its memory, its mappings) say
// why, where the kernel refused it; others it returns as they are.
func Explain(pid int, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		refused, _ := explain(pid, unix.EPERM, false)
		return refused
	case errors.Is(err, unix.ESRCH):
		g, gone := guard(pid)
		if gone != nil {
			return absent(pid, gone)
		}
		if reason := deadOrKernel(g); reason != "" {
			return &AccessError{pid, g.Name, reason, unix.ESRCH}
		}
	}
	return err
}

// guard reads a process's Guard. When one of its threads executes a program in
// the place of the leader, there is for a moment nobody of the leader's id.
func guard(pid int) (g *procfs.Guard, err error) {
	for range maxDoubts {
		g, err = procfs.ReadGuard(pid)
		if pid <= 0 || !errors.Is(err, unix.ESRCH) || errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			break
		}
		nap(time.Millisecond)
	}
	return g, err
}

// absent is the error for a process whose files in /proc cannot be read.
func absent(pid int, err error) error {
	if pid > 0 && errors.Is(err, unix.ESRCH) && !errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return &AccessError{PID: pid, Reason: "it is there, and /proc does not show it (mounted with hidepid)", Err: unix.EPERM}
	}
	if pid <= 0 || errors.Is(err, unix.ESRCH) {
		return &AccessError{PID: pid, Err: unix.ESRCH}
	}
	return &AccessError{PID: pid, Err: err}
}

// notOurselves refuses what would stop the one that is to go on.
func notOurselves(target *procfs.Guard) error {
	self, err := procfs.ReadGuard(os.Getpid())
	if err != nil {
		return err
	}
	reason := ""
	switch {
	case target.TGID == self.TGID:
		reason = "it is this program itself"
	case self.Tracer != 0 && owner(self.Tracer) == target.TGID:
		reason = "it traces this program: each would wait for the other"
	default:
		return nil
	}
	return &AccessError{target.TGID, target.Name, reason, unix.EPERM}
}

// owner is the process that a thread belongs to, or the thread itself.
func owner(tid int) int {
	if tgid, err := procfs.TGID(tid); err == nil {
		return tgid
	}
	return tid
}

// refusedSeize explains a refused PTRACE_SEIZE; why is false where no reason
// can be seen.
func refusedSeize(pid int, err error) (refused error, why bool) { return explain(pid, err, true) }

func explain(pid int, cause error, attach bool) (refused error, why bool) {
	f := facts{attach: attach}
	var err error
	if f.target, err = guard(pid); err != nil {
		return absent(pid, err), false
	}
	if f.self, err = procfs.ReadGuard(os.Getpid()); err != nil {
		return err, false
	}
	f.look(pid)
	switch reason := f.reason(); {
	case reason != "":
		return &AccessError{pid, f.target.Name, "not permitted: " + reason, cause}, true
	case !errors.Is(cause, fs.ErrPermission):
		return &AccessError{pid, f.target.Name, "", cause}, false
	}
	return &AccessError{pid, f.target.Name, "not permitted: a security module refuses it (Landlock, SELinux, AppArmor …)", cause}, false
}

// facts are what decides over tracing (__ptrace_may_access, kernel/ptrace.c;
// ptrace(2), "Ptrace access mode checking").
type facts struct {
	self, target *procfs.Guard
	attach       bool   // PTRACE_SEIZE, and not only a look at its memory
	filtered     bool   // this program's every ptrace is refused
	tracer       string // who traces it
	dumpable     bool   // as far as can be seen
	foreign      bool   // of another user namespace, as far as can be seen
	descendant   bool
	yama         string // ptrace_scope, or ""
}

// look reads what the two Guards do not say.
func (f *facts) look(pid int) {
	// No thread has this id: ESRCH, unless a filter answers first.
	if _, err := ptrace.EventMsg(1<<31 - 1); !errors.Is(err, unix.ESRCH) {
		f.filtered = true
	}
	if t := f.target.Tracer; t != 0 {
		f.tracer = fmt.Sprintf("process %d", owner(t))
		if g, err := procfs.ReadGuard(t); err == nil && g.TGID == f.self.TGID {
			f.tracer = "this program, which holds it in a session"
		} else if err == nil {
			f.tracer += " (" + shown(g.Name) + ")"
		}
	}
	// Files of a process that is not dumpable belong to root (task_dump_owner,
	// fs/proc/base.c).
	st, err := procfs.FileStat(pid, "mem")
	f.dumpable = err != nil || int(st.Uid) == f.target.UID[1]
	f.foreign = differs(pid)
	f.descendant = descends(f.target.PPID, f.self.TGID)
	if text, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
		f.yama = strings.TrimSpace(string(text))
	}
}

// differs reports whether a process maps user ids otherwise than this one: it
// is in another user namespace then. The link of its namespace is not to be
// read by those who may not trace it.
func differs(pid int) bool {
	ours, err1 := os.ReadFile("/proc/self/uid_map")
	theirs, err2 := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/uid_map")
	return err1 == nil && err2 == nil && string(ours) != string(theirs)
}

// descends reports whether the process is this one, or came of it.
func descends(pid, of int) bool {
	for range 1000 { // parents change while they are read
		if pid == of {
			return true
		}
		g, err := procfs.ReadGuard(pid)
		if err != nil || pid <= 1 {
			return false
		}
		pid = g.PPID
	}
	return false
}

// deadOrKernel says why a process has neither registers nor memory, or "".
func deadOrKernel(g *procfs.Guard) string {
	switch {
	case g.KernelThread:
		return "it is a kernel thread"
	case g.Ended():
		return fmt.Sprintf("it is a zombie: it has ended, and its parent %d has not waited for it", g.PPID)
	}
	return ""
}

// reason is what the kernel refuses for, or "" where none can be seen.
func (f *facts) reason() string {
	const ptraceCap = 1 << unix.CAP_SYS_PTRACE
	may := f.self.CapEffective&ptraceCap != 0
	uid, gid := f.self.UID[0], f.self.GID[0]
	others := func(ids [4]int, own int) bool {
		return slices.ContainsFunc(ids[:3], func(id int) bool { return id != own })
	}
	if s := deadOrKernel(f.target); s != "" {
		return s
	}
	switch {
	case f.attach && f.tracer != "":
		return "it is traced already, by " + f.tracer
	case f.filtered:
		return "a seccomp filter keeps this program from ptrace; in a container, its runtime must allow it"
	case !may && others(f.target.UID, uid):
		return fmt.Sprintf("it belongs to user %s, and this program runs as user %d without CAP_SYS_PTRACE", list(f.target.UID), uid)
	case !may && others(f.target.GID, gid):
		return fmt.Sprintf("it belongs to group %s, and this program runs as group %d without CAP_SYS_PTRACE", list(f.target.GID), gid)
	case f.foreign:
		return "it is in another user namespace, in which this program has no CAP_SYS_PTRACE"
	case !may && !f.dumpable:
		return "it is not dumpable (its file may not be read, it came to its user by a set-id bit, or it asked for this), and this program has no CAP_SYS_PTRACE"
	case !may && f.target.CapPermitted&^f.self.CapPermitted != 0:
		return fmt.Sprintf("it has capabilities that this program has not: %s", capNames(f.target.CapPermitted&^f.self.CapPermitted))
	case f.yama == "3":
		return "Yama's ptrace_scope is 3: nobody may trace until the next boot"
	case f.yama == "2" && !may:
		return "Yama's ptrace_scope is 2: tracing needs CAP_SYS_PTRACE"
	case f.yama == "1" && !may && !f.descendant:
		return "Yama's ptrace_scope is 1: without CAP_SYS_PTRACE only descendants may be traced"
	}
	return ""
}

// list prints a process's ids: one where they are the same.
func list(ids [4]int) string {
	if ids[0] == ids[1] && ids[1] == ids[2] {
		return strconv.Itoa(ids[0])
	}
	return fmt.Sprintf("%d (effective %d, saved %d)", ids[0], ids[1], ids[2])
}

func capNames(mask uint64) string {
	var names []string
	for bit := range uint64(64) {
		if mask>>bit&1 != 0 {
			names = append(names, abi.Capabilities.Format(bit))
		}
	}
	return strings.Join(names, ", ")
}
