package jail

import (
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// secureBits take from user id 0 what is special about it, for good
// (capabilities(7)): no capabilities by execve, none kept or lost by a change
// of ids, none made ambient. They are dropped by name, after the ids.
const secureBits = 1<<0 | 1<<1 | // SECBIT_NOROOT, locked
	1<<2 | 1<<3 | // SECBIT_NO_SETUID_FIXUP, locked
	1<<5 | // SECBIT_KEEP_CAPS off, locked
	1<<6 | 1<<7 // SECBIT_NO_CAP_AMBIENT_RAISE, locked

// dropCaps empties the permitted, effective and inheritable sets.
func (t *table) dropCaps() {
	t.call("capset", unix.SYS_CAPSET, t.putWords(unix.LINUX_CAPABILITY_VERSION_3), t.putWords(0, 0, 0))
}

// prepare makes the stub's own calls, once: what every child inherits.
func (s *Stub) prepare(spec *StubSpec) error {
	t := &s.table
	t.clear(0, s.key)
	t.call(umaskStep, unix.SYS_UMASK, 0o22)
	// What a host program has open without close-on-exec came along.
	t.call("close_range", unix.SYS_CLOSE_RANGE, firstPassed, uint64(^uint32(0)), 0)
	s.isolate(t, spec.Namespaces)
	if s.view = spec.View; s.view != nil {
		// A first table of its own: it may be long.
		t.call(ViewStep+"unshare (mnt namespace)", unix.SYS_UNSHARE, unix.CLONE_NEWNS)
		s.view.make(t)
		if err := s.make(); err != nil {
			return err
		}
		if err := s.keepUmask(); err != nil {
			return err
		}
		t.clear(0, s.key)
	}
	// A host program may ignore signals (nohup ignores SIGHUP), and ignored
	// signals stay ignored across execve.
	action := t.putWords(0, 0, 0, 0) // struct kernel_sigaction: SIG_DFL
	for sig := 1; sig <= 64; sig++ {
		if sig != int(unix.SIGKILL) && sig != int(unix.SIGSTOP) {
			t.call("rt_sigaction", unix.SYS_RT_SIGACTION, uint64(sig), action, 0, 8)
		}
	}
	// Where SIGCHLD is ignored dead children vanish, and it is not even sent.
	// Each child sets it back.
	const ignore = 1 // SIG_IGN
	t.call("rt_sigaction", unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), t.putWords(ignore, 0, 0, 0), 0, 8)
	t.call("prctl(PR_SET_CHILD_SUBREAPER)", unix.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	t.call("prctl(PR_CAP_AMBIENT_CLEAR_ALL)", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	t.call("rt_sigprocmask", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, t.putWords(0), 0, 8)
	// A session of its own, without a terminal. The stub leads it and not each
	// child: a new session costs a scheduler group (CONFIG_SCHED_AUTOGROUP),
	// and a child that leads none cannot acquire a terminal either.
	t.call("setsid", unix.SYS_SETSID)
	t.call("prctl(PR_SET_NAME)", unix.SYS_PRCTL, unix.PR_SET_NAME, t.put([]byte("warder-stub\x00")))
	if s.caps&(1<<unix.CAP_SETPCAP) != 0 {
		for c := 0; c <= unix.CAP_LAST_CAP; c++ {
			in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
			// A new user namespace begins with a full set, whatever its maker's.
			if err == nil && (in == 1 || slices.Contains(spec.Namespaces, UserNS)) {
				t.call("prctl(PR_CAPBSET_DROP)", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uint64(c))
			}
		}
	}
	for _, l := range spec.Limits {
		t.limit(l)
	}
	if s.caps&(1<<unix.CAP_SETPCAP) != 0 {
		t.call("prctl(PR_SET_SECUREBITS)", unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, secureBits)
	}
	// Whatever the program may do to the stub gains it no more than this.
	s.caps &= stubCaps
	t.call("capset (stub)", unix.SYS_CAPSET, t.putWords(unix.LINUX_CAPABILITY_VERSION_3), t.putWords(s.caps<<32|s.caps, 0, 0))
	t.call("prctl(PR_SET_NO_NEW_PRIVS)", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if spec.Filter != nil {
		step, flags := "seccomp", uint64(0)
		if spec.Notify {
			step, flags = ListenerStep, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
		}
		t.seccomp(step, flags, spec.Filter(0, s.key))
	}
	if err := s.make(); err != nil {
		return err
	}
	if err := s.keepUmask(); err != nil {
		return err
	}
	if spec.Notify {
		if err := s.takeListener(); err != nil {
			return err
		}
	}
	// From now on row 0 makes a child. It shares the stub's memory until its
	// execve, and the stub's own options attach it before it runs.
	s.row0 = unix.CLONE_VM | uint64(unix.SIGCHLD)
	if spec.Detach {
		s.row0 |= unix.CLONE_PARENT
	}
	if spec.Root {
		s.row0 |= unix.CLONE_FS
	}
	if !slices.Contains(spec.Namespaces, PIDNS) {
		return s.writeClone()
	}
	s.row0 |= unix.CLONE_CHILD_SETTID
	if err := s.writeClone(); err != nil {
		return err
	}
	var err error
	s.init, err = s.fork()
	return err
}

const umaskStep = "umask"

// keepUmask notes what the first call of the table just made found: the mask
// that the supervisor's thread had. Each child sets it for itself, because a
// program that shares its filesystem state with the stub can change it.
func (s *Stub) keepUmask() error {
	if s.table.steps[0] != umaskStep {
		return nil
	}
	var result [8]byte
	if _, err := ptrace.ReadMem(s.PID, dataBase+56, result[:]); err != nil {
		return fmt.Errorf("process_vm_readv of pid %d: %w", s.PID, err)
	}
	s.umask = binary.LittleEndian.Uint64(result[:])
	return nil
}

// ListenerStep is the step of a SetupError that says that a filter cannot have
// a listener here: a container's runtime may refuse it, or have one itself.
const ListenerStep = "seccomp (listener)"

// takeListener takes what the last call of the table just made returned. No
// child may have it: who has it answers his own calls.
func (s *Stub) takeListener() error {
	t := &s.table
	var result [8]byte
	if _, err := ptrace.ReadMem(s.PID, uint64(dataBase+(len(t.steps)-1)*rowSize+56), result[:]); err != nil {
		return fmt.Errorf("process_vm_readv of pid %d: %w", s.PID, err)
	}
	fd := binary.LittleEndian.Uint64(result[:])
	pidfd, err := unix.PidfdOpen(s.PID, 0)
	if err != nil {
		return &SetupError{ListenerStep, err}
	}
	defer unix.Close(pidfd)
	listener, err := unix.PidfdGetfd(pidfd, int(fd), 0) // close-on-exec
	if err != nil {
		return &SetupError{ListenerStep, err}
	}
	s.listener = listener
	t.clear(0, s.key)
	t.call("close_range (listener)", unix.SYS_CLOSE_RANGE, fd, fd, 0)
	return s.make()
}

// make lets the stub itself make the calls of its table.
func (s *Stub) make() error {
	t := &s.table
	t.end()
	if err := s.write(t); err != nil {
		return err
	}
	if _, err := s.run(); err != nil {
		return err
	}
	return s.check(s.PID, t)
}

func (s *Stub) writeClone() error {
	t := &s.table
	t.clear(0, s.key)
	t.call("clone", unix.SYS_CLONE, s.row0, 0, 0, innerID)
	return s.write(t)
}
