package jail

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// Limit is one resource limit, soft and hard alike.
type Limit struct {
	Resource int // unix.RLIMIT_*
	Value    uint64
}

// Spec says what to launch and how it is confined. Descriptors belong to the
// caller and are copied into the child.
type Spec struct {
	Stdio [3]int // standard input, output and error
	Exec  int    // the program, opened with O_PATH or for reading
	Dir   int    // the working directory, or -1 to keep the stub's
	// DirName is the working directory in a stub's View, where it is seen.
	DirName string

	Argv []string // argv[0] included
	Env  []string // the whole environment

	// Root is a directory that becomes the child's root before its execve, or
	// -1. Dir lies in it.
	Root int
	// EmptyRoot gives the child the empty root before its execve, and Dir no
	// meaning: for programs that need no other file to begin. The stub must
	// have been started with Root.
	EmptyRoot bool

	UID, GID int // ids to take, or -1 to keep the supervisor's
	Limits   []Limit
	Ruleset  int // a Landlock ruleset, or -1
	// Kept are descriptors that the program has open besides Stdio.
	Kept  []Kept
	NoTSC bool // reading the time stamp counter is a SIGSEGV from execve on

	// Filter is loaded by the child itself, behind what its stub has; nil:
	// none. It costs a good part of a launch.
	Filter Filter
}

// Kept is an open descriptor, and its number in the program.
type Kept struct{ FD, As int }

// maxPassed is how many descriptors a launch can pass.
const maxPassed = 12

// Descriptors of the stub, and of a child while it sets itself up.
const (
	sockFD      = 3 // the stub's end of the socket
	ownRootFD   = 4 // the root directory that the supervisor has
	emptyRootFD = 5
	firstPassed = 6
)

// Launch makes a child by spec and returns it stopped at PTRACE_EVENT_EXEC:
// the program is mapped and has not run an instruction. On an error nothing
// is left; the stub must then be closed unless the error is a SetupError of
// the clone itself.
func (s *Stub) Launch(spec *Spec) (int, error) {
	pid, err := s.child()
	if err != nil {
		return 0, err
	}
	if err := s.confine(spec, pid); err != nil {
		var gone *DeathError
		if !errors.As(err, &gone) {
			killAndReap(pid)
		}
		return 0, err
	}
	return pid, nil
}

// confine gives a new child its table and descriptors and lets it set itself
// up until its execve.
func (s *Stub) confine(spec *Spec, pid int) error {
	t := s.setup(spec)
	if err := s.write(t); err != nil {
		return err
	}
	fds := []int{spec.Stdio[0], spec.Stdio[1], spec.Stdio[2], spec.Exec}
	if spec.Root >= 0 {
		fds = append(fds, spec.Root)
	}
	if spec.Dir >= 0 && s.view == nil {
		fds = append(fds, spec.Dir)
	}
	if spec.Ruleset >= 0 {
		fds = append(fds, spec.Ruleset)
	}
	for _, k := range spec.Kept {
		fds = append(fds, k.FD)
	}
	if len(fds) > maxPassed {
		return fmt.Errorf("BUG: %d descriptors to pass", len(fds))
	}
	if err := unix.Sendmsg(s.sock, []byte{0}, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("pass descriptors: sendmsg: %w", err)
	}
	return s.await(pid, t)
}

// await lets the child make its table and waits for its execve.
func (s *Stub) await(pid int, t *table) error {
	for sig := 0; ; {
		if err := ptrace.Cont(pid, sig); err != nil {
			return fmt.Errorf("PTRACE_CONT of pid %d: %w", pid, err)
		}
		ws, err := waitStop(pid)
		if err != nil {
			return err
		}
		sig = 0
		if event(ws) == unix.PTRACE_EVENT_EXEC {
			return nil
		}
		if event(ws) != 0 {
			continue
		}
		switch ws.StopSignal() {
		case unix.SIGTRAP:
			// The stub's trap, unless somebody sent a SIGTRAP.
			if err := s.check(pid, t); err != nil {
				return err
			}
		case unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGSYS:
			// The kernel's way to say that execve failed when there was nothing
			// left to go back to: dropped, it would come again for ever.
			if kernelSent(pid) {
				sig = int(ws.StopSignal())
			}
		}
		// Another signal comes from a third party, and the program that it was
		// meant for is not there yet: it is dropped.
	}
}

// setup is the child's whole set-up as a table.
func (s *Stub) setup(spec *Spec) *table {
	t := &s.table
	t.clear(1, s.key)
	passed := 4
	next := func() uint64 { passed++; return uint64(firstPassed + passed - 1) }

	// struct msghdr for SCM_RIGHTS: one byte of data, room for maxPassed descriptors.
	iov := t.putWords(t.putWords(0), 1)
	const space = 16 + maxPassed*4 // in eight words
	control := t.putWords(0, 0, 0, 0, 0, 0, 0, 0)
	msg := t.putWords(0, 0, iov, 1, control, space, 0)
	t.call("recvmsg (descriptors)", unix.SYS_RECVMSG, sockFD, msg, unix.MSG_CMSG_CLOEXEC)
	for fd := range uint64(3) {
		t.call("dup3 (standard descriptors)", unix.SYS_DUP3, firstPassed+fd, fd, 0)
	}
	exec := uint64(firstPassed + 3)
	t.call("rt_sigaction (SIGCHLD)", unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), t.putWords(0, 0, 0, 0), 0, 8)
	t.call("setpgid", unix.SYS_SETPGID, 0, 0)
	t.call("umask", unix.SYS_UMASK, s.umask)
	if spec.Root >= 0 {
		t.call("unshare (filesystem state)", unix.SYS_UNSHARE, unix.CLONE_FS)
		t.changeRoot(next())
	}
	switch {
	case s.view != nil:
		s.view.enter(t, spec.DirName)
	case spec.Dir >= 0:
		t.call("fchdir", unix.SYS_FCHDIR, next())
	}
	if spec.EmptyRoot {
		t.call("unshare (filesystem state)", unix.SYS_UNSHARE, unix.CLONE_FS)
		t.changeRoot(emptyRootFD)
	}
	for _, l := range spec.Limits {
		t.limit(l)
	}
	if spec.GID >= 0 {
		t.call("setgroups", unix.SYS_SETGROUPS, 0, 0)
		t.call("setresgid", unix.SYS_SETRESGID, uint64(spec.GID), uint64(spec.GID), uint64(spec.GID))
	}
	if spec.UID >= 0 {
		t.call("setresuid", unix.SYS_SETRESUID, uint64(spec.UID), uint64(spec.UID), uint64(spec.UID))
	}
	t.dropCaps()
	// After the ids: a change of ids clears the death signal. It is what
	// ends a child whose engine has no tracer.
	t.call("prctl(PR_SET_PDEATHSIG)", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL))
	if spec.NoTSC {
		t.call("prctl(PR_SET_TSC)", unix.SYS_PRCTL, unix.PR_SET_TSC, unix.PR_TSC_SIGSEGV)
	}
	if spec.Ruleset >= 0 {
		t.call("landlock_restrict_self", unix.SYS_LANDLOCK_RESTRICT_SELF, next(), 0)
	}
	t.call("close_range", unix.SYS_CLOSE_RANGE, 3, uint64(^uint32(0)), unix.CLOSE_RANGE_CLOEXEC)
	for _, k := range spec.Kept {
		t.call("dup3 (kept descriptor)", unix.SYS_DUP3, next(), uint64(k.As), 0)
	}
	argv, env, empty := t.putStrings(spec.Argv), t.putStrings(spec.Env), t.putWords(0)
	if spec.Filter != nil {
		t.seccomp("seccomp", 0, spec.Filter(uint32(s.inner), s.key))
	}
	t.call("execve", unix.SYS_EXECVEAT, exec, empty, argv, env, unix.AT_EMPTY_PATH)
	t.end()
	return t
}

// seccomp loads a program.
func (t *table) seccomp(step string, flags uint64, ins []bpf.RawInstruction) {
	prog := t.align()
	for _, in := range ins { // struct sock_filter
		t.blob = binary.LittleEndian.AppendUint16(t.blob, in.Op)
		t.blob = append(t.blob, in.Jt, in.Jf)
		t.blob = binary.LittleEndian.AppendUint32(t.blob, in.K)
	}
	t.bound()
	fprog := t.putWords(uint64(len(ins)), prog) // struct sock_fprog
	t.call(step, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, fprog)
}

var limitNames = [...]string{
	unix.RLIMIT_CPU:        "prlimit64 (RLIMIT_CPU)",
	unix.RLIMIT_FSIZE:      "prlimit64 (RLIMIT_FSIZE)",
	unix.RLIMIT_DATA:       "prlimit64 (RLIMIT_DATA)",
	unix.RLIMIT_STACK:      "prlimit64 (RLIMIT_STACK)",
	unix.RLIMIT_CORE:       "prlimit64 (RLIMIT_CORE)",
	unix.RLIMIT_RSS:        "prlimit64 (RLIMIT_RSS)",
	unix.RLIMIT_NPROC:      "prlimit64 (RLIMIT_NPROC)",
	unix.RLIMIT_NOFILE:     "prlimit64 (RLIMIT_NOFILE)",
	unix.RLIMIT_MEMLOCK:    "prlimit64 (RLIMIT_MEMLOCK)",
	unix.RLIMIT_AS:         "prlimit64 (RLIMIT_AS)",
	unix.RLIMIT_LOCKS:      "prlimit64 (RLIMIT_LOCKS)",
	unix.RLIMIT_SIGPENDING: "prlimit64 (RLIMIT_SIGPENDING)",
	unix.RLIMIT_MSGQUEUE:   "prlimit64 (RLIMIT_MSGQUEUE)",
	unix.RLIMIT_NICE:       "prlimit64 (RLIMIT_NICE)",
	unix.RLIMIT_RTPRIO:     "prlimit64 (RLIMIT_RTPRIO)",
	unix.RLIMIT_RTTIME:     "prlimit64 (RLIMIT_RTTIME)",
}

// limit sets a limit, soft and hard.
func (t *table) limit(l Limit) {
	t.call(limitName(l.Resource), unix.SYS_PRLIMIT64, 0, uint64(l.Resource), t.putWords(l.Value, l.Value), 0)
}

// limitName is the step that sets a limit.
func limitName(r int) string {
	if r >= 0 && r < len(limitNames) {
		return limitNames[r]
	}
	return fmt.Sprint("prlimit64 (resource ", r, ")")
}
