package tracer

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
)

// ErrDetached is the cause when an Attached has let its process go.
var ErrDetached = errors.New("detached")

// Attached is a process that is not held by a session and stands still, all
// of its threads in a stop, from Attach to Detach. It is traced by an OS
// thread of its own, on which Do runs functions. Its methods may be called
// from any goroutine.
//
// What the process sees of it is what it sees of a SIGSTOP and SIGCONT, less
// the signals: calls that were under way go on (with the rest of their time),
// but the few that the kernel ends with EINTR then (signal(7), "Interruption
// of system calls and library functions by stop signals"), of which those
// that wait without a time limit go on here, too. A process that was stopped
// stays stopped; signals that come meanwhile are delivered afterwards.
// SIGKILL is not held up. When the supervisor dies, the kernel lets the
// process go on.
//
// A child of this very program must not be waited for while it is attached
// to: the kernel gives its stops to whoever waits in its tracer's program.
type Attached struct {
	pid  int
	jobs chan func()
	quit chan struct{} // closed by Detach
	once sync.Once
	gone chan struct{} // closed when the process has been let go
	err  error         // what letting go met; valid after gone

	hold *hold // the thread's own
}

// Attach stops a process that the caller may trace. pid may be that of any of
// its threads. What prevents it is an [AccessError] that says why.
//
// A thread that does not stop within five seconds (one in an uninterruptible
// wait: a vfork whose child has not gone on, a disk or network file system
// that does not answer) is an error, too; everything runs on then.
func Attach(pid int) (*Attached, error) {
	g, err := guard(pid)
	if err != nil {
		return nil, absent(pid, err)
	}
	if err := notOurselves(g); err != nil {
		return nil, err
	}
	a := &Attached{
		pid:  g.TGID,
		jobs: make(chan func()), quit: make(chan struct{}), gone: make(chan struct{}),
		hold: &hold{pid: g.TGID, threads: map[int]int{}},
	}
	ready := make(chan error, 1)
	go onNewThread(func() { a.serve(ready) }, nil)
	if err := <-ready; err != nil {
		<-a.gone
		return nil, err
	}
	return a, nil
}

// serve is the tracing thread's life.
func (a *Attached) serve(ready chan<- error) {
	defer close(a.gone)
	defer func() { a.err = a.hold.letGo() }()
	err := a.hold.stopAll()
	ready <- err
	if err != nil {
		return
	}
	for {
		select {
		case job := <-a.jobs:
			job()
		case <-a.quit:
			return
		}
	}
}

// PID returns the process's id.
func (a *Attached) PID() int { return a.pid }

// Do runs f on the thread that traces, with every thread of the process
// stopped, and returns its error. f must not keep the Stopped, and must not
// call the Attached. A process that was killed meanwhile is ErrGone.
func (a *Attached) Do(f func(*Stopped) error) error {
	result := make(chan error, 1)
	job := func() {
		s := &Stopped{hold: a.hold}
		s.valid.Store(true)
		defer s.valid.Store(false)
		if !a.hold.alive() {
			result <- a.hold.died()
			return
		}
		err := f(s)
		if errors.Is(err, unix.ESRCH) && !a.hold.alive() {
			err = a.hold.died()
		}
		result <- err
	}
	select {
	case a.jobs <- job:
	case <-a.gone:
		return &Error{"use", a.pid, ErrDetached}
	}
	select {
	case err := <-result:
		return err
	case <-a.gone: // f ended the goroutine
		select {
		case err := <-result:
			return err
		default:
			return &Error{"use", a.pid, ErrDetached}
		}
	}
}

// Detach lets the process go on and returns when it has been let go. A process
// that was killed meanwhile is ErrGone. Again it answers the same.
func (a *Attached) Detach() error {
	a.once.Do(func() { close(a.quit) })
	<-a.gone
	return a.err
}

// Stopped is a process whose threads all stand still, lent to a function of
// Do. When that returns its methods answer
// ErrGone, or nothing.
type Stopped struct {
	hold  *hold
	valid atomic.Bool
}

// PID returns the process's id.
func (s *Stopped) PID() int { return s.hold.pid }

// Threads returns the ids of the threads, ascending. A leader that has ended
// before its threads is not among them.
func (s *Stopped) Threads() []int {
	if !s.valid.Load() {
		return nil
	}
	return s.hold.ids()
}

// Registers gives access to the registers of one of Threads.
func (s *Stopped) Registers(tid int) (*regs.Thread, error) {
	if s.valid.Load() {
		if _, ok := s.hold.threads[tid]; ok {
			return regs.Of(tid), nil
		}
	}
	return nil, &Error{"registers", tid, ErrGone}
}

// Memory is the process's memory.
func (s *Stopped) Memory() (*memory.Space, error) {
	ids := s.Threads()
	if len(ids) == 0 {
		return nil, &Error{"memory", s.hold.pid, ErrGone}
	}
	return memory.Of(ids[0]), nil // a dead leader has none
}

// Signal returns the signal that a thread is about to receive when it goes on,
// because it was at the point of it when it stopped, or 0.
func (s *Stopped) Signal(tid int) int {
	if !s.valid.Load() {
		return 0
	}
	return s.hold.threads[tid]
}

// hold is the stopped threads of one process, in the hands of their tracer's
// thread.
type hold struct {
	pid     int
	threads map[int]int // the signal that is to be delivered to each, or 0
	grouped map[int]int // those in a group-stop, and the signal of it
	doubts  int         // refusals without a visible reason
}

func (h *hold) ids() []int {
	ids := make([]int, 0, len(h.threads))
	for tid := range h.threads {
		ids = append(ids, tid)
	}
	slices.Sort(ids)
	return ids
}

// alive reports whether a thread is still there in its stop.
func (h *hold) alive() bool {
	for tid := range h.threads {
		if stands(tid) {
			return true
		}
	}
	return false
}

// stands reports whether a thread is this thread's tracee, and stopped.
func stands(tid int) bool {
	_, err := ptrace.EventMsg(tid)
	return err == nil
}

func (h *hold) died() error {
	return &AccessError{PID: h.pid, Reason: "it was killed meanwhile", Err: fmt.Errorf("%w (%w)", ErrGone, unix.ESRCH)}
}

// letGo detaches every thread, each with the signal that it was about to
// receive. What pends otherwise stays where it is; a group-stop goes on
// (__ptrace_unlink, kernel/ptrace.c).
func (h *hold) letGo() error {
	if len(h.threads) == 0 {
		return nil
	}
	left := 0
	var failed error
	for _, tid := range h.ids() {
		err := ptrace.Detach(tid, h.threads[tid])
		switch {
		case err == nil:
			left++
		case !errors.Is(err, unix.ESRCH):
			failed = &Error{"PTRACE_DETACH", tid, err}
		}
	}
	clear(h.threads)
	if failed == nil && left == 0 {
		return h.died()
	}
	return failed
}
