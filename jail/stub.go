package jail

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// Stub is the process that held children are cloned from. It belongs to the
// OS thread that started it: only that thread may use it, and it dies with
// that thread (PTRACE_O_EXITKILL, PR_SET_PDEATHSIG).
type Stub struct {
	PID   int
	sock  int // our end of the socket that passes descriptors to children; -1: none
	caps  uint64
	key   uint64
	next  int    // a child made ahead of need, or 0
	init  int    // process 1 of the children's pid namespace, never run, or 0
	inner int    // the id that the last child made has in its own pid namespace
	dead  bool   // there is none, or it has been reaped
	row0  uint64 // flags of the clone that makes a child
	view  *View
	umask uint64
	// listener is where the filter's notifications are read, or -1.
	listener int

	table table // the one that is being made
}

// Filter makes a seccomp program for a child whose process id is self, 0 where
// it is not known yet. Calls with key as their sixth argument must pass it.
type Filter func(self uint32, key uint64) []bpf.RawInstruction

// StubSpec is what all children of a stub have in common.
type StubSpec struct {
	// Filter is loaded by the stub and inherited by its children; nil: none.
	Filter Filter
	// Notify gives Filter a listener, whose notifications the caller reads
	// (Stub.Listener): those of all children, which never have it themselves.
	Notify bool
	// Limits are those that all children have, and the stub itself.
	Limits []Limit
	// Detach makes the children the calling thread's own, so that it can wait
	// for one that it no longer traces.
	Detach bool
	// Cgroup is the descriptor of a control group (version 2) that the stub is
	// born in, or -1.
	Cgroup int
	// Namespaces are those that the stub leaves for new ones of its own.
	Namespaces []Namespace
	// View, where not nil, is the children's root from their execve on. It takes
	// a mount namespace, which is made with it.
	View *View
	// Root lets ChangeRoot move the children to an empty root.
	Root bool
}

// Start makes a stub on the calling thread, which must be locked.
//
// The children are the stub's own, and it is the reaper of what they leave
// (PR_SET_CHILD_SUBREAPER), which the kernel then buries without being asked:
// no zombie of a held program waits for an init process that may never look.
func Start(spec *StubSpec) (*Stub, error) {
	s := &Stub{sock: -1, listener: -1, dead: true}
	if err := s.start(spec); err != nil {
		s.Close()
		return nil, fmt.Errorf("start stub: %w", err)
	}
	return s, nil
}

func (s *Stub) start(spec *StubSpec) error {
	image, err := stubFile()
	if err != nil {
		return err
	}
	if s.caps, err = EffectiveCaps(); err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	s.sock = pair[0]
	defer unix.Close(pair[1])
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/null: %w", err)
	}
	defer unix.Close(null)
	own, empty := null, null
	if spec.Root {
		if own, empty, err = roots(); err != nil {
			return err
		}
	}
	s.PID, err = syscall.ForkExec(fmt.Sprintf("/proc/self/fd/%d", image), []string{"warder-stub"}, &syscall.ProcAttr{
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(null), sockFD: uintptr(pair[1]), ownRootFD: uintptr(own), emptyRootFD: uintptr(empty)},
		Sys: &syscall.SysProcAttr{
			Pdeathsig: syscall.SIGKILL, AmbientCaps: s.ambient(),
			UseCgroupFD: spec.Cgroup >= 0, CgroupFD: max(spec.Cgroup, 0),
		},
	})
	if err != nil {
		return err
	}
	s.dead = false
	s.table.rows = make([]byte, 0, 192*rowSize)
	s.table.steps = make([]string, 0, 192)
	s.table.blob = make([]byte, 0, 4096)
	var key [8]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	s.key = binary.LittleEndian.Uint64(key[:])
	if err := s.seize(); err != nil {
		return err
	}
	return s.prepare(spec)
}

// ambient lists the capabilities that the stub needs to keep across its execve.
// Where warder has them by its file and not as root the kernel would drop them.
func (s *Stub) ambient() []uintptr {
	var list []uintptr
	if os.Geteuid() != 0 {
		for c := range uintptr(64) {
			if s.caps&(1<<c) != 0 {
				list = append(list, c)
			}
		}
	}
	return list
}

// Close kills and reaps the stub.
func (s *Stub) Close() {
	if s.sock >= 0 {
		unix.Close(s.sock)
	}
	if s.listener >= 0 {
		unix.Close(s.listener)
	}
	s.killChildren()
	if s.dead {
		return
	}
	s.dead = true
	killAndReap(s.PID)
}

// killChildren ends those that no session has.
func (s *Stub) killChildren() {
	for _, pid := range [...]*int{&s.next, &s.init} {
		if *pid != 0 {
			killAndReap(*pid)
			*pid = 0
		}
	}
}

// Owns reports whether a process is the stub's own, not a session's.
func (s *Stub) Owns(pid int) bool { return pid == s.PID || pid == s.init && pid != 0 }

// Listener is the descriptor of StubSpec.Notify, or -1. It is the stub's.
func (s *Stub) Listener() int { return s.listener }

// Inner is the id that the last child launched has in its own pid namespace.
func (s *Stub) Inner() int { return s.inner }

// Kill ends the stub without waiting for it.
func (s *Stub) Kill() {
	s.killChildren()
	if !s.dead {
		_ = unix.Kill(s.PID, unix.SIGKILL) // not reaped, so the id is its own
	}
}

// Key is the secret sixth argument with which the stub's filter lets the calls
// of a launch pass.
func (s *Stub) Key() uint64 { return s.key }

// Dead records that the caller's own wait reaped the stub.
func (s *Stub) Dead() { s.dead = true }

// Reaped records that it reaped a process that the stub Owns.
func (s *Stub) Reaped(pid int) {
	if pid == s.PID {
		s.dead = true
	} else {
		s.init = 0 // and its namespace takes no new child
	}
}

func killAndReap(pid int) {
	if pid <= 0 {
		return // 0 and below mean groups, ours among them
	}
	_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: it is dead already, and waits to be reaped
	for {
		var status uint32
		_, err := ptrace.Wait(pid, unix.WALL, &status, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if ws := unix.WaitStatus(status); err == nil && (ws.Exited() || ws.Signaled()) {
			return
		}
	}
}

// seize attaches and brings the stub to its first event-stop. ForkExec
// returns while the child's execve is still under way, and until that is done
// the child's memory is our own: nothing may be written before an event-stop
// in the new image is seen. The stop that comes first may be the stub's own
// PTRACE_EVENT_EXEC, which may or may not have used up the interrupt.
func (s *Stub) seize() error {
	if err := ptrace.Seize(s.PID, ptrace.SessionOptions); err != nil {
		return fmt.Errorf("PTRACE_SEIZE of pid %d: %w", s.PID, err)
	}
	for {
		if err := ptrace.Interrupt(s.PID); err != nil {
			return fmt.Errorf("PTRACE_INTERRUPT of pid %d: %w", s.PID, err)
		}
		ws, err := waitStop(s.PID)
		if err != nil {
			return err
		}
		if event(ws) == unix.PTRACE_EVENT_STOP {
			if ws.StopSignal() == unix.SIGTRAP {
				return nil
			}
			// Somebody stopped it before it was seized, and a group-stop lasts.
			if err := unix.Kill(s.PID, unix.SIGCONT); err != nil {
				return fmt.Errorf("SIGCONT to pid %d: %w", s.PID, err)
			}
		}
		if err := ptrace.Cont(s.PID, 0); err != nil {
			return fmt.Errorf("PTRACE_CONT of pid %d: %w", s.PID, err)
		}
	}
}

func event(ws unix.WaitStatus) int { return int(ws) >> 16 }

// waitStop waits for the next stop of one tracee; its death is an error.
func waitStop(pid int) (unix.WaitStatus, error) {
	for {
		var status uint32
		_, err := ptrace.Wait(pid, unix.WALL, &status, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("wait4 of pid %d: %w", pid, err)
		}
		ws := unix.WaitStatus(status)
		switch {
		case ws.Exited():
			return 0, &DeathError{PID: pid, Code: ws.ExitStatus()}
		case ws.Signaled():
			return 0, &DeathError{PID: pid, Signal: ws.Signal()}
		}
		return ws, nil
	}
}

// run lets the stub walk the table from row 0 and returns its next stop.
func (s *Stub) run() (unix.WaitStatus, error) {
	if err := ptrace.CancelRestart(s.PID); err != nil {
		return 0, err
	}
	if err := ptrace.SetIP(s.PID, textBase+headSize+stubRun); err != nil {
		return 0, err
	}
	for {
		if err := ptrace.Cont(s.PID, 0); err != nil {
			return 0, fmt.Errorf("PTRACE_CONT of stub %d: %w", s.PID, err)
		}
		ws, err := waitStop(s.PID)
		var death *DeathError
		if errors.As(err, &death) {
			s.dead = true // and reaped
		}
		if err != nil || event(ws) == unix.PTRACE_EVENT_FORK {
			return ws, err
		}
		if event(ws) == 0 && ws.StopSignal() == unix.SIGTRAP && kernelSent(s.PID) {
			return ws, nil // the trap at the table's end, or at a failure
		}
		// A signal that somebody sent to the stub: it is dropped.
	}
}

// kernelSent reports whether the signal that pid is stopped for was raised by
// the kernel, for something that pid did, and not sent by a process.
func kernelSent(pid int) bool {
	var info ptrace.SigInfo
	return ptrace.GetSigInfo(pid, &info) == nil && info.Code > 0
}

// write puts a table into the stub's data segment.
func (s *Stub) write(t *table) error {
	if t.err != nil {
		return t.err
	}
	if err := writeAll(s.PID, uint64(dataBase+t.start*rowSize), t.rows); err != nil {
		return err
	}
	return writeAll(s.PID, blobBase, t.blob)
}

func writeAll(pid int, addr uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := ptrace.WriteMem(pid, addr, b)
	if err == nil && n != len(b) {
		err = unix.EFAULT
	}
	if err != nil {
		return fmt.Errorf("process_vm_writev to pid %d at %#x: %w", pid, addr, err)
	}
	return nil
}

// check reads back what a table did, and names its first failed step.
func (s *Stub) check(pid int, t *table) error {
	rows := make([]byte, len(t.rows))
	if _, err := ptrace.ReadMem(pid, uint64(dataBase+t.start*rowSize), rows); err != nil {
		return fmt.Errorf("process_vm_readv of pid %d: %w", pid, err)
	}
	if e, bad := t.failed(rows); bad {
		return e
	}
	return nil
}

// fork makes the child of one launch and returns it in its first event-stop.
func (s *Stub) fork() (int, error) {
	ws, err := s.run()
	if err != nil {
		return 0, err
	}
	if event(ws) != unix.PTRACE_EVENT_FORK {
		var row [rowSize]byte
		if _, err := ptrace.ReadMem(s.PID, dataBase, row[:]); err != nil {
			return 0, fmt.Errorf("process_vm_readv of pid %d: %w", s.PID, err)
		}
		r := int64(binary.LittleEndian.Uint64(row[56:]))
		if r < 0 {
			return 0, &SetupError{"clone", unix.Errno(-r)}
		}
		return 0, fmt.Errorf("stub stopped with status %#x instead of at its clone", uint32(ws))
	}
	msg, err := ptrace.EventMsg(s.PID)
	if err != nil {
		return 0, fmt.Errorf("PTRACE_GETEVENTMSG of pid %d: %w", s.PID, err)
	}
	pid := int(msg)
	if _, err := waitStop(pid); err != nil {
		return 0, err
	}
	s.inner = pid
	if s.row0&unix.CLONE_CHILD_SETTID != 0 {
		// It was written before the child's first stop (schedule_tail).
		var id [4]byte
		if _, err := ptrace.ReadMem(pid, innerID, id[:]); err != nil {
			return 0, fmt.Errorf("process_vm_readv of pid %d: %w", pid, err)
		}
		s.inner = int(binary.LittleEndian.Uint32(id[:]))
	}
	return pid, nil
}
