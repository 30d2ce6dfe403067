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
	PID  int
	sock int // our end of the socket that passes descriptors to children
	caps uint64
	key  uint64
	next int // a child made ahead of need, or 0
	dead bool

	table table // the one that is being made
}

// Filter makes a seccomp program for a child whose process id is self, 0 where
// it is not known yet. Calls with key as their sixth argument must pass it.
type Filter func(self uint32, key uint64) []bpf.RawInstruction

// Start makes a stub on the calling thread, which must be locked. All its
// children inherit filter, unless it is nil.
//
// The children are the stub's own, and it is the reaper of what they leave
// (PR_SET_CHILD_SUBREAPER), which the kernel then buries without being asked:
// no zombie of a held program waits for an init process that may never look.
// With detach they are the calling thread's children instead, so that it can
// wait for one that it no longer traces.
func Start(filter Filter, detach bool) (*Stub, error) {
	image, err := stubFile()
	if err != nil {
		return nil, fmt.Errorf("start stub: %w", err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start stub: socketpair: %w", err)
	}
	defer unix.Close(pair[1])
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("start stub: /dev/null: %w", err)
	}
	defer unix.Close(null)
	caps, err := effectiveCaps()
	if err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("start stub: %w", err)
	}
	pid, err := syscall.ForkExec(fmt.Sprintf("/proc/self/fd/%d", image), []string{"warder-stub"}, &syscall.ProcAttr{
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(null), uintptr(pair[1])},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("start stub: %w", err)
	}
	s := &Stub{PID: pid, sock: pair[0], caps: caps}
	s.table.rows = make([]byte, 0, maxRows*rowSize)
	s.table.steps = make([]string, 0, maxRows)
	s.table.blob = make([]byte, 0, 4096)
	var key [8]byte
	if _, err := rand.Read(key[:]); err != nil {
		s.Close()
		return nil, fmt.Errorf("start stub: key: %w", err)
	}
	s.key = binary.LittleEndian.Uint64(key[:])
	if err := s.seize(); err != nil {
		s.Close()
		return nil, fmt.Errorf("start stub: %w", err)
	}
	if err := s.prepare(filter, detach); err != nil {
		s.Close()
		return nil, fmt.Errorf("start stub: %w", err)
	}
	return s, nil
}

// Close kills and reaps the stub.
func (s *Stub) Close() {
	unix.Close(s.sock)
	if s.next != 0 {
		killAndReap(s.next)
		s.next = 0
	}
	if s.dead {
		return
	}
	s.dead = true
	killAndReap(s.PID)
}

// Kill ends the stub without waiting for it.
func (s *Stub) Kill() {
	if s.next != 0 {
		killAndReap(s.next)
		s.next = 0
	}
	if !s.dead {
		_ = unix.Kill(s.PID, unix.SIGKILL) // not reaped, so the id is its own
	}
}

// Dead records that the caller's own wait reaped the stub.
func (s *Stub) Dead() { s.dead = true }

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

// prepare makes the stub's own calls, once: what every child inherits.
func (s *Stub) prepare(filter Filter, detach bool) error {
	t := &s.table
	t.clear(0, s.key)
	// What a host program has open without close-on-exec came along.
	t.call("close_range", unix.SYS_CLOSE_RANGE, firstPassed, uint64(^uint32(0)), 0)
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
			if err == nil && in == 1 {
				t.call("prctl(PR_CAPBSET_DROP)", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uint64(c))
			}
		}
	}
	if filter != nil {
		t.call("prctl(PR_SET_NO_NEW_PRIVS)", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		t.seccomp(filter(0, s.key))
	}
	t.end()
	if err := s.write(t); err != nil {
		return err
	}
	if _, err := s.run(); err != nil {
		return err
	}
	if err := s.check(s.PID, t); err != nil {
		return err
	}
	// From now on row 0 makes a child. It shares the stub's memory until its
	// execve, and the stub's own options attach it before it runs.
	flags := unix.CLONE_VM | uint64(unix.SIGCHLD)
	if detach {
		flags |= unix.CLONE_PARENT
	}
	t.clear(0, s.key)
	t.call("clone", unix.SYS_CLONE, flags)
	return s.write(t)
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
	return pid, nil
}

// effectiveCaps reads the calling thread's effective capabilities.
func effectiveCaps() (uint64, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, os.NewSyscallError("capget", err)
	}
	return uint64(data[0].Effective) | uint64(data[1].Effective)<<32, nil
}
