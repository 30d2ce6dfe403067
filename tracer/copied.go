package tracer

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// copies are the copies of a session's program that are alive.
type copies struct {
	alive sync.WaitGroup // the session's end waits for them

	sync.Mutex              // of what follows
	pidfds     map[int]bool // theirs
	n          uint64       // of them that RLIMIT_NPROC is raised for
	was        unix.Rlimit  // RLIMIT_NPROC of the program without them
}

// kill ends them while the stub is there, which buries them; whoever they were
// made for finds out.
func (c *copies) kill() {
	c.Lock()
	defer c.Unlock()
	for fd := range c.pidfds {
		_ = killAndReap(fd)
	}
}

func (c *copies) add(pidfd int) {
	c.Lock()
	defer c.Unlock()
	if c.pidfds == nil {
		c.pidfds = make(map[int]bool)
	}
	c.pidfds[pidfd] = true
	c.alive.Add(1)
}

func (c *copies) remove(pidfd int) {
	c.Lock()
	defer c.Unlock()
	delete(c.pidfds, pidfd)
	_ = unix.Close(pidfd)
	c.alive.Done()
}

// Fork has a stopped thread make a copy of its process, as fork(2) does, whose
// memory stays as it is now while the program goes on. It gives the copy's id.
// The copy is stopped before its first instruction for ever: it is traced, but
// no task of the session. end, which kills and reaps it, must be called, by any
// goroutine: the session's end waits for that.
//
// The program learns nothing of it: the copy is its sibling and not its child
// (CLONE_PARENT), and their parent, the stub, asks for no word of its death; it
// shares the table of open files, so a file that the program closes is closed;
// and RLIMIT_NPROC is higher by one for as long, where that may be. What it costs the program is
// some 25 ms for each gigabyte of pages of 4 KiB, and about 2 us at its first
// write to each page afterwards.
//
// errors.ErrUnsupported is the cause where the program would learn of it or its
// limits leave no room; and a clone that fails is its errno: EAGAIN (pids.max),
// ENOMEM (vm.overcommit_memory), or what the program's filter says.
func (f *Frozen) Fork(tid int) (pid int, end func() error, err error) {
	s := f.s
	if s == nil || s.tasks[tid] == nil || !s.tasks[tid].parked {
		return 0, nil, ErrGone
	}
	t := s.tasks[tid]
	if err := s.mayCopy(t.proc.tgid); err != nil {
		return 0, nil, err
	}
	lower, err := s.raiseProcesses(t.proc)
	if err != nil {
		return 0, nil, err
	}
	pid, err = s.fork(t, cmp.Or(f.gadget, entryOf(t.proc.tgid)))
	if pid == 0 {
		lower()
		return 0, nil, err
	}
	// Its own child, not reaped yet: the id is the copy's.
	pidfd, e := unix.PidfdOpen(pid, 0)
	if e != nil {
		defer lower()
		_ = unix.Kill(pid, unix.SIGKILL) // the loop reaps it
		return 0, nil, errors.Join(err, &Error{"pidfd_open", pid, e})
	}
	s.copies.add(pidfd)
	end = sync.OnceValue(func() error {
		defer s.copies.remove(pidfd)
		defer lower()
		if err := killAndReap(pidfd); err != nil {
			return &Error{"end the copy", pid, err}
		}
		return nil
	})
	if err != nil {
		return 0, nil, errors.Join(err, end())
	}
	return pid, end, nil
}

// mayCopy says why a process is not to be copied.
func (s *session) mayCopy(pid int) error {
	var st procfs.Status
	if err := procfs.ReadStatus(pid, &st); err != nil {
		return err
	}
	if stub := s.worker.stub; st.PPID != unix.Getpid() && (stub == nil || !stub.Owns(st.PPID)) {
		return &Error{"fork", pid, fmt.Errorf("its parent would be told of the copy: %w", errors.ErrUnsupported)}
	}
	// A control group counts what the two no longer share; a sample of the
	// program's own memory does not.
	if most := s.limits.Memory; s.worker.group != nil && most >= 0 && int64(st.RSSAnon) > most/2 {
		return &Error{"fork", pid, fmt.Errorf("with a copy of its %d MiB its control group could have too little memory: %w", st.RSSAnon>>20, errors.ErrUnsupported)}
	}
	return nil
}

// raiseProcesses makes room for the copy, which counts for the program's user.
// Where that may not be (it takes CAP_SYS_RESOURCE) the program could be refused
// a thread that it would have had: not while it has but half of its limit.
func (s *session) raiseProcesses(p *process) (lower func(), err error) {
	c, pid := &s.copies, p.tgid
	c.Lock()
	defer c.Unlock()
	var now unix.Rlimit
	err = unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &now)
	if err == nil && now.Cur == unix.RLIM_INFINITY {
		return func() {}, nil
	}
	if c.n == 0 {
		c.was = now
	}
	set := func(n uint64) error {
		limit := unix.Rlimit{Cur: c.was.Cur + n, Max: max(c.was.Max, c.was.Cur+n)}
		return unix.Prlimit(pid, unix.RLIMIT_NPROC, &limit, nil)
	}
	if err == nil {
		err = set(c.n + 1)
	}
	switch most := s.limits.Processes; {
	case errors.Is(err, unix.EPERM) && (most < 0 || int64(len(s.tasks))+1 <= most/2):
		return func() {}, nil
	case errors.Is(err, unix.EPERM):
		return nil, &Error{"fork", pid, fmt.Errorf("it has %d of %d tasks, and the limit cannot be raised without CAP_SYS_RESOURCE: %w", len(s.tasks), most, errors.ErrUnsupported)}
	case err != nil:
		return nil, &Error{"prlimit", pid, err}
	}
	c.n++
	return func() {
		c.Lock()
		defer c.Unlock()
		c.n--
		s.budget.mu.Lock() // it stays in the table
		defer s.budget.mu.Unlock()
		if s.procs[pid] != p || !s.budget.alive(p) {
			return // the id may be another's by now
		}
		var now unix.Rlimit
		err := unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &now)
		if err == nil && now.Cur == c.was.Cur+c.n+1 { // the program has not set it
			_ = set(c.n)
		}
	}, nil
}

// fork makes the copy. An error with an id is one that the copy is to be ended
// for.
func (s *session) fork(t *task, at uint64) (pid int, err error) {
	in, err := s.inject(t, at)
	if err != nil {
		return 0, err
	}
	in.trusted = true
	s.born = 0
	result, err := in.call(unix.SYS_CLONE, unix.CLONE_PARENT|unix.CLONE_FILES)
	pid = s.born
	if err == nil && pid == 0 {
		err = &Error{"injected clone", t.tid, unix.Errno(-result)}
	}
	if pid != 0 {
		e := s.still(pid, in)
		if errors.Is(e, unix.ESRCH) {
			pid = 0 // killed by somebody: nothing is left to be ended
		}
		err = errors.Join(err, e)
	}
	return pid, errors.Join(err, in.end())
}

// still waits until a copy is stopped, and undoes in it what an injection has
// changed in the program.
func (s *session) still(pid int, in *injection) error {
	w, err := s.await(&task{tid: pid})
	if err != nil {
		return err
	}
	if w.kind != EventStop {
		return &Error{"injected clone: a stop of kind " + w.kind.String(), pid, unix.EINVAL}
	}
	if err := ptrace.PokeData(pid, uintptr(in.at), in.word); err != nil {
		return &Error{"PTRACE_POKEDATA", pid, err}
	}
	return nil
}

// killAndReap kills a copy and waits until it is gone. Another thread may be the
// one that reaps it.
func killAndReap(pidfd int) error {
	if err := unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("pidfd_send_signal: %w", err)
	}
	for {
		err := unix.Waitid(unix.P_PIDFD, pidfd, nil, unix.WEXITED|unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil, errors.Is(err, unix.ECHILD):
			return nil
		default:
			return fmt.Errorf("waitid: %w", err)
		}
	}
}
