package tracer

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/memory"
	"warder/rules"
)

// Frozen is a session with every thread of the program stopped, lent to a
// function that runs on the session's thread. Afterwards every method answers
// ErrGone, or nothing. The program's budgets go on: a limit of wall time may
// end it meanwhile, and what is then asked of it is ESRCH.
//
// Packages regs and memory, and requests of ptrace(2), work on the threads by
// their ids, on the thread that the function was called on.
type Frozen struct {
	s  *session
	at int // the thread that it is about, or 0

	gadget uint64 // where calls are made, or 0
}

// Stop is one thread of a frozen session.
type Stop struct {
	TID, PID int
	Signal   int // that it is about to get, or 0
	// InCall: it is stopped before a call, whose number is where the kernel
	// puts it (orig_rax), and which it makes when it goes on.
	InCall bool
}

// PID is the id of the process that it is about.
func (f *Frozen) PID() int {
	if f.s == nil {
		return 0
	}
	if t := f.s.tasks[f.at]; t != nil {
		return t.proc.tgid
	}
	return f.s.root
}

// Stop, Start and Do make it a source for snapshots of the process that it is
// about (package snapshot). It stands still already, and on the thread that Do
// is to run a function on: Stop lists its threads, Start does nothing.
func (f *Frozen) Stop() ([]ptrace.Stopped, error) {
	var list []ptrace.Stopped
	pid := f.PID()
	for _, t := range f.Threads() {
		if t.PID == pid {
			list = append(list, ptrace.Stopped{TID: t.TID, Signal: t.Signal})
		}
	}
	if len(list) == 0 {
		return nil, ErrGone
	}
	return list, nil
}

// Start does nothing: the session goes on when the function has returned.
func (f *Frozen) Start() error { return nil }

// Do runs g.
func (f *Frozen) Do(g func() error) error { return g() }

// Threads lists the threads that are stopped: the one that it is about first,
// then those of its process, then others. A thread that waits for its vfork
// child is not among them.
func (f *Frozen) Threads() []Stop {
	if f.s == nil {
		return nil
	}
	var list []Stop
	for _, t := range f.s.tasks {
		if t.parked {
			list = append(list, Stop{TID: t.tid, PID: t.proc.tgid, Signal: t.signal, InCall: t.entry})
		}
	}
	about := f.PID()
	rank := func(st Stop) int {
		switch {
		case st.TID == f.at:
			return 0
		case st.PID == about:
			return 1
		}
		return 2
	}
	slices.SortFunc(list, func(a, b Stop) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.PID, b.PID), cmp.Compare(a.TID, b.TID))
	})
	return list
}

// End ends the session, as Halted, once the function has returned.
func (f *Frozen) End(message string) {
	if f.s != nil {
		f.s.budget.end(Halted, message)
	}
}

// Fail ends the session for a failure that is not the program's.
func (f *Frozen) Fail(err error) {
	if f.s != nil {
		f.s.fail(err)
	}
}

// Memory is the memory of a thread's process.
func (f *Frozen) Memory(tid int) (*memory.Space, error) {
	if f.s == nil || f.s.tasks[tid] == nil {
		return nil, ErrGone
	}
	return memory.Of(tid), nil
}

// Call is a system call to be made by a stopped thread.
type Call = ptrace.Call

// Inject has a stopped thread make calls, in order, and fills in their results.
// Afterwards the thread is as before, but for what the calls did. The error
// says that the calls could not be made; a call that fails is its result.
//
// They are made at the program's entry point, whose first bytes are changed
// meanwhile, for it is in the way of no thread, or where SetGadget says.
//
// The policy does not bind them: the supervisor's word goes. But the program's
// filter answers some calls by itself, and they fail as it says; those of a
// launch (rules.LaunchCalls) pass it.
func (f *Frozen) Inject(tid int, calls []Call) (err error) {
	s := f.s
	if s == nil || s.tasks[tid] == nil || !s.tasks[tid].parked {
		return ErrGone
	}
	t := s.tasks[tid]
	in, err := s.inject(t, cmp.Or(f.gadget, entryOf(t.proc.tgid)))
	if err != nil {
		return err
	}
	in.trusted = true
	defer func() {
		if e := in.end(); err == nil {
			err = e
		}
	}()
	for i := range calls {
		c := &calls[i]
		args := c.Args
		if s.filter != nil && keyed(c.Nr) {
			args[5] = s.worker.stub.Key()
		}
		if c.Result, err = in.call(c.Nr, args[:]...); err != nil {
			return fmt.Errorf("inject call %d into thread %d: %w", c.Nr, tid, err)
		}
	}
	return err
}

// SetGadget sets an address of code, not to be unmapped by what is injected,
// that calls are made at; 0 is the program's entry point again.
func (f *Frozen) SetGadget(addr uint64) { f.gadget = addr }

// Kept is the number of Config.Keep in the program.
func (f *Frozen) Kept() int {
	if f.s == nil || f.s.cfg.Keep == nil {
		return -1
	}
	return f.s.keptFD
}

// Clone has a stopped thread make a clone(2), and gives the new task's id. That
// is stopped before its first instruction, as the session's others are.
func (f *Frozen) Clone(tid int, flags, stack, parentTID, childTID, tls uint64) (int, error) {
	call := []Call{{Nr: unix.SYS_CLONE, Args: cloneArgs(flags, stack, parentTID, childTID, tls)}}
	s := f.s
	if s == nil {
		return 0, ErrGone
	}
	s.born = 0
	if err := f.Inject(tid, call); err != nil {
		return 0, err
	}
	child := s.born
	if child == 0 {
		return 0, &Error{"injected clone", tid, unix.Errno(-call[0].Result)}
	}
	if s.tasks[child] == nil {
		tgid, err := procfs.TGID(child)
		if err != nil {
			return 0, err
		}
		t := s.adopt(child, tgid)
		s.placement.joined(child)
		t.proc.inherit(s.tasks[tid].proc)
		w, err := s.await(t)
		if err != nil {
			return 0, err
		}
		if w.kind != EventStop {
			return 0, &Error{"injected clone: a stop of kind " + w.kind.String(), child, unix.EINVAL}
		}
		t.parked, t.clean = true, true
	}
	return child, nil
}

// Elsewhere says that the stopped threads' registers have been replaced: the
// calls that they were to make and the signals that they were about to get are
// forgotten.
func (f *Frozen) Elsewhere() {
	if f.s == nil {
		return
	}
	for _, t := range f.s.tasks {
		if t.parked {
			t.signal, t.seen, t.wantExit, t.restore = 0, false, false, false
		}
	}
}

// keyed reports whether a call is one of a launch.
func keyed(nr uint64) bool {
	name, ok := abi.Native().Name(uint32(nr))
	return ok && slices.Contains(rules.LaunchCalls[:], name)
}

// job is something to be done with all tasks stopped.
type job struct {
	at    int // the thread that it is about, or 0
	f     func(*Frozen) error
	done  chan error // or nil
	after func()     // on the session's thread, or nil
}

// runJobs does what waits.
func (s *session) runJobs() error {
	for len(s.jobs) > 0 && !s.killing {
		j := s.jobs[0]
		s.jobs = s.jobs[1:]
		frozen := &Frozen{s: s, at: j.at}
		s.inHook = true
		err := j.f(frozen)
		s.inHook, frozen.s = false, nil
		if j.done != nil {
			j.done <- err
		}
		if j.after != nil {
			j.after()
		}
		if err != nil && j.done == nil {
			return err
		}
	}
	return nil
}

// hold parks a task in the stop that it is in, until a job has been done.
func (s *session) hold(t *task, sig int, j job) error {
	j.at, t.held = t.tid, true
	s.jobs = append(s.jobs, j)
	if err := s.gather(t.tid); err != nil {
		return err
	}
	return s.park(t, sig, false)
}

// bell lets other goroutines have the session's thread, which is in wait4(2):
// a SIGSTOP that the program never gets makes it return.
func (s *session) ring(j job) error {
	s.bell.Lock()
	defer s.bell.Unlock()
	if s.bell.closed {
		return ErrGone
	}
	s.bell.jobs = append(s.bell.jobs, j)
	s.bell.rings++
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	p := s.procs[s.root]
	if p == nil {
		return nil // it is about to be closed
	}
	if p.pidfd >= 0 {
		_ = unix.PidfdSendSignal(p.pidfd, unix.SIGSTOP, nil, 0)
	} else {
		_ = unix.Kill(p.tgid, unix.SIGSTOP)
	}
	return nil
}

// rung takes a SIGSTOP that is the bell's, and gathers the tasks.
func (s *session) rung(t *task) (bool, error) {
	rung, err := s.answerBell(t)
	if err != nil || !rung || len(s.jobs) == 0 { // two may have been one
		return rung, err
	}
	return true, s.gather(t.tid)
}

// answerBell takes what waits, if the SIGSTOP that a task is stopped for is the
// bell's.
func (s *session) answerBell(t *task) (bool, error) {
	var info ptrace.SigInfo
	if err := ptrace.GetSigInfo(t.tid, &info); err != nil {
		return false, &Error{"PTRACE_GETSIGINFO", t.tid, err}
	}
	const siUser = 0
	// In a pid namespace of its own the program sees a sender outside as 0.
	if from, _ := info.Sender(); info.Code != siUser || from != uint32(unix.Getpid()) && (from != 0 || !s.pidns()) {
		return false, nil
	}
	s.bell.Lock()
	defer s.bell.Unlock()
	if s.bell.rings == 0 {
		return false, nil // the host program wants it to stop
	}
	s.bell.rings--
	s.jobs = append(s.jobs, s.bell.jobs...)
	s.bell.jobs = nil
	return true, nil
}

func (s *session) pidns() bool { return slices.Contains(s.walls, WallPIDNS) }

// closeBell tells those who wait that there is nothing to be looked at.
func (s *session) closeBell() {
	s.bell.Lock()
	defer s.bell.Unlock()
	s.bell.closed = true
	for _, j := range append(s.jobs, s.bell.jobs...) {
		if j.done != nil {
			j.done <- ErrGone
		}
	}
	s.jobs, s.bell.jobs = nil, nil
}
