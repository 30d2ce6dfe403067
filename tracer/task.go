package tracer

import (
	"golang.org/x/sys/unix"
)

// task is one traced thread.
type task struct {
	tid  int
	proc *process

	wantExit bool // resume to the exit-stop of the call that is under way
	restore  bool // at that exit-stop put argument 1 back
	saved    uint64

	entering bool // at its entry point, until the main stage has begun

	clean   bool // its stop is between two instructions of the program
	entry   bool // its stop is before a call
	vforked bool // it waits for its vfork child, in the kernel
	zombie  bool // it has exited before its process's other threads
	parked  bool // stopped until all are
	held    bool // an event of it is told of
	signal  int  // what it is resumed with then
	listen  bool // or it is in a group-stop
	inside  bool // the witness waits for the return of its call
	loose   bool // it is not in a stop: it waits for the answer to a notification
	seen    bool // the call that it is at the entry of was told of already
}

// process is one thread group of the session.
type process struct {
	tgid  int
	pidfd int // -1 where pidfd_open failed
	tasks int

	imaged    bool   // its stage is known, from its parent or its own execve
	main      bool   // past its entry point: rules.Main; so until it is known
	entry     uint64 // address of the breakpoint at the entry point, or 0
	entryWord uint64 // what stood there

	ticks uint64 // of its time stamp counter, where that is emulated

	sigsys bool // a SIGSYS was delivered: its death by it is its own doing
}

// adopt enters a thread, whose group is tgid, into the table.
func (s *session) adopt(tid, tgid int) *task {
	if t := s.tasks[tid]; t != nil {
		return t
	}
	p := s.procs[tgid]
	if p == nil {
		fd, err := unix.PidfdOpen(tgid, 0)
		if err != nil {
			fd = -1 // dead already, or out of descriptors: killed by id
		}
		p = &process{tgid: tgid, pidfd: fd, main: true}
		s.forked = s.forked || len(s.procs) > 0
		s.budget.mu.Lock()
		s.procs[tgid] = p
		s.budget.mu.Unlock()
	}
	p.tasks++
	t := &task{tid: tid, proc: p}
	s.tasks[tid] = t
	return t
}

// inherit copies what a new process has from its parent: the same image, at
// the same stage, and a breakpoint in its memory if one was set.
func (p *process) inherit(parent *process) {
	if p != parent && !p.imaged {
		p.imaged = true
		p.main, p.entry, p.entryWord = parent.main, parent.entry, parent.entryWord
	}
}

// drop forgets a thread, and its group when it was the last.
func (s *session) drop(tid int) {
	t := s.tasks[tid]
	if t == nil {
		return
	}
	delete(s.tasks, tid)
	s.placement.left(tid)
	t.proc.tasks--
	if t.proc.tasks == 0 {
		s.dropProcess(t.proc)
		return
	}
	s.oneLess()
}

// oneLess goes on with what waited for a task that is no more.
func (s *session) oneLess() {
	if err := s.ifGathered(); err != nil {
		s.fail(err)
	}
}

// dropProcess forgets a thread group whose leader's death was reported: that
// comes last, after all its threads have been reaped. Threads that died
// inside another's exec never report; this is where they leave the table.
func (s *session) dropProcess(p *process) {
	for tid, t := range s.tasks {
		if t.proc == p {
			delete(s.tasks, tid)
			s.placement.left(tid)
		}
	}
	s.budget.mu.Lock()
	delete(s.procs, p.tgid)
	if p.pidfd >= 0 {
		unix.Close(p.pidfd)
		p.pidfd = -1
	}
	s.budget.mu.Unlock()
	s.oneLess()
}
