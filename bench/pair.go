package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Requests and options of ptrace(2), and what wait4(2) reports of the stops
// that they make: SIGTRAP with PTRACE_O_TRACESYSGOOD's bit, with an event, and
// as a signal.
const (
	getRegs        = 12 // PTRACE_GETREGS
	getSyscallInfo = 0x420e
	seize          = 0x4206
	sysemu         = 31

	options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL

	stopSignal  = 0x7f | int(unix.SIGTRAP)<<8
	stopSyscall = 0x7f | (int(unix.SIGTRAP)|0x80)<<8
	stopSeccomp = stopSignal | unix.PTRACE_EVENT_SECCOMP<<16
)

// mechanism is one way in which a call can be supervised, as two scripts: of
// the process that makes the calls and, where there is one, of its supervisor.
type mechanism struct {
	call    call
	confine func(*script) // the measured process does to itself
	watch   *watch
	// timed from outside: where the process may not look at a clock. Strict
	// mode takes the time stamp counter away as well (PR_SET_TSC).
	outside bool
}

// watch is what a supervisor does. A tracer is stopped for stops times a call
// and resumes with request; a listener (request 0) answers notifications.
type watch struct {
	request int
	stops   int
	status  int    // that wait4 gives of each stop
	look    task   // done at each stop
	apart   bool   // on another core
	wakeup  bool   // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
	pid     uint64 // of the measured process, once there is one
}

// hurry ends the process that walks the script when it takes too long.
func hurry(s *script) {
	s.call("setitimer", unix.SYS_SETITIMER, unix.ITIMER_REAL, s.words(0, 0, patience, 0), 0)
}

// pin keeps the process on one core.
func pin(s *script, core int) {
	var set unix.CPUSet
	set.Set(core)
	var words []uint64
	for _, w := range set {
		words = append(words, uint64(w))
	}
	s.call("sched_setaffinity", unix.SYS_SCHED_SETAFFINITY, 0, uint64(8*len(words)), s.words(words...))
}

// measured is the script of the process that makes calls.
func (m *mechanism) measured(core, calls int) *script {
	s := newScript(24)
	hurry(s)
	pin(s, core)
	if m.outside {
		m.timedOutside(s, calls)
		return s
	}
	if m.watch != nil {
		// Yama may let a process trace its descendants only; the supervisor
		// is a sibling. EINVAL: there is no Yama.
		s.try("prctl", unix.SYS_PRCTL, unix.PR_SET_PTRACER, ^uint64(0))
	}
	if m.confine != nil {
		m.confine(s)
	}
	s.tell()
	s.call("read", unix.SYS_READ, 0, headClock, 8)
	if m.watch != nil && m.watch.request != 0 {
		s.trap()
	}
	s.loop(opTimed, calls, m.call)
	if m.watch != nil {
		// One call more, which is answered like the others: the supervisor
		// leaves its loop there, and the calls behind it are not supervised.
		s.try("last call", int(m.call.number), m.call.args[:]...)
	}
	s.call("write", unix.SYS_WRITE, 1, headTimes, 32)
	s.end()
	return s
}

// timedOutside lets a child make the calls while its parent, on the same core,
// sleeps and takes the time. The two go to and fro once, which is microseconds
// in a block of milliseconds.
func (m *mechanism) timedOutside(s *script, calls int) {
	const (
		ends = scratch + 0x600
		word = scratch + 0x700
		// The pipes' descriptors: the next ones free.
		goRead, goWrite, overRead, overWrite = 3, 4, 5, 6
	)
	s.call("pipe2", unix.SYS_PIPE2, ends, 0)
	s.call("pipe2", unix.SYS_PIPE2, ends, 0)
	const parentRows = 8
	child := s.at(len(s.rows) + 1 + parentRows)
	s.fork("clone", unix.SYS_CLONE, child, uint64(unix.SIGCHLD), 0, 0, 0, 0)
	s.call("read", unix.SYS_READ, 0, headClock, 8)
	s.call("clock_gettime", unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, headTimes)
	s.call("write", unix.SYS_WRITE, goWrite, word, 1)
	s.call("read", unix.SYS_READ, overRead, word, 1)
	s.call("clock_gettime", unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, headTimes+16)
	s.call("wait4", unix.SYS_WAIT4, ^uint64(0), 0, unix.WALL, 0)
	s.call("write", unix.SYS_WRITE, 1, headTimes, 32)
	s.end()
	hurry(s) // row child: it does not inherit the timer
	m.confine(s)
	s.tell()
	s.call("read", unix.SYS_READ, goRead, word, 1)
	s.loop(opSpin, calls, m.call)
	s.call("write", unix.SYS_WRITE, overWrite, word, 1)
	s.end()
}

// supervisor is the script of the process that supervises.
func (w *watch) supervisor(core, calls int) *script {
	s := newScript(24)
	hurry(s)
	pin(s, core)
	if w.request == 0 {
		w.listen(s, calls)
	} else {
		w.trace(s, calls)
	}
	s.end()
	return s
}

func (w *watch) trace(s *script, calls int) {
	wait := func(want int) {
		s.call("wait4", unix.SYS_WAIT4, w.pid, status, unix.WALL, 0)
		s.check(status, want)
	}
	resume := func(request int) { s.call("ptrace resume", unix.SYS_PTRACE, uint64(request), w.pid, 0, 0) }
	s.count = uint64(calls * w.stops)
	s.call("PTRACE_SEIZE", unix.SYS_PTRACE, seize, w.pid, 0, options)
	s.tell()
	wait(stopSignal) // at its int3
	resume(w.request)
	loop := s.here()
	wait(w.status)
	if w.look != nil {
		w.look(w, s)
	}
	resume(w.request)
	s.again(loop)
	wait(w.status)
	resume(unix.PTRACE_CONT)
	wait(0) // it exited
}

// Requests of a notification's descriptor (include/uapi/linux/seccomp.h), and
// a flag of it (Linux 6.6).
const (
	noteReceive  = 0xc0502100
	noteSend     = 0xc0182101
	noteSetFlags = 0x40082104

	syncWakeup = 1
)

// listener is the descriptor that a listening supervisor has its listener at.
const listener = 3

func (w *watch) listen(s *script, calls int) {
	if w.wakeup {
		s.call("SECCOMP_IOCTL_NOTIF_SET_FLAGS", unix.SYS_IOCTL, listener, noteSetFlags, syncWakeup)
	}
	s.count = uint64(calls + 1)
	s.tell()
	loop := s.here()
	s.call("SECCOMP_IOCTL_NOTIF_RECV", unix.SYS_IOCTL, listener, noteReceive, noteRequest)
	if w.look != nil {
		w.look(w, s)
	}
	s.add("answer", opAnswer, noteRequest, noteAnswer)
	s.call("SECCOMP_IOCTL_NOTIF_SEND", unix.SYS_IOCTL, listener, noteSend, noteAnswer)
	s.again(loop)
}

var errOneCore = errors.New("there is one core only")

// run measures calls on the cores given and returns the time that they took.
func (m *mechanism) run(ctx context.Context, cores Cores, calls int) (time.Duration, error) {
	if m.watch != nil && m.watch.apart && cores.Other < 0 {
		return 0, errOneCore
	}
	child, err := startMeter(ctx, m.measured(cores.One, calls))
	if err != nil {
		return 0, err
	}
	defer child.kill()
	last, err := child.report()
	if err != nil {
		return 0, err
	}
	clock, err := clockOf(child.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	var watcher *meter
	if m.watch != nil {
		if watcher, err = m.watch.start(ctx, child.cmd.Process.Pid, int(last), cores, calls); err != nil {
			return 0, err
		}
		defer watcher.kill()
	}
	if _, err := child.to.Write(binary.LittleEndian.AppendUint64(nil, clock)); err != nil {
		return 0, fmt.Errorf("write to the meter: %w", err)
	}
	took, err := child.times()
	if watcher != nil {
		if err != nil {
			// A listener need not learn that there is nobody to listen to
			// (before Linux 6.11): it is not waited for.
			_ = watcher.from.SetReadDeadline(time.Now().Add(time.Second))
		}
		// A tracer that fails takes the child with it: its reason is first.
		err = errors.Join(watcher.failure(), err)
	}
	return took, err
}

// start starts the supervisor of a process that is ready, whose last call
// gave the listener.
func (w *watch) start(ctx context.Context, pid, last int, cores Cores, calls int) (*meter, error) {
	core := cores.One
	if w.apart {
		core = cores.Other
	}
	own := *w
	own.pid = uint64(pid)
	var files []*os.File
	if w.request == 0 {
		fd, err := takeDescriptor(pid, last)
		if err != nil {
			return nil, err
		}
		defer fd.Close()
		files = append(files, fd)
	}
	s := own.supervisor(core, calls)
	watcher, err := startMeter(ctx, s, files...)
	if err != nil {
		return nil, err
	}
	if _, err := watcher.report(); err != nil {
		watcher.kill()
		return nil, err
	}
	return watcher, nil
}

// failure is what a supervisor that ended early tells.
func (m *meter) failure() error {
	b, err := io.ReadAll(m.from)
	if err != nil {
		return fmt.Errorf("read from the supervisor: %w", err)
	}
	if len(b) == 16 {
		_, err = m.script.outcome(b)
		return err
	}
	return m.reap()
}

// takeDescriptor copies a descriptor of another process.
func takeDescriptor(pid, fd int) (*os.File, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(process)
	got, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd_getfd: %w", err)
	}
	return os.NewFile(uintptr(got), "listener"), nil
}
