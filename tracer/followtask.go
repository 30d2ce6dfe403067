package tracer

import (
	"errors"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// thread is one traced thread.
type thread struct {
	tid, pid int
	inside   bool // the witness waits for a return
	lent     bool // it has all cores until its call has returned
}

// attach seizes every thread of the processes that were named, and of no other.
func (f *follower) attach() error {
	for _, pid := range f.cfg.PIDs {
		h := &hold{pid: pid, threads: map[int]int{}}
		if g, err := guard(pid); err == nil {
			h.pid = g.TGID
		}
		if f.tasks[h.pid] != nil {
			continue // named twice
		}
		err := h.stopAll()
		if err != nil {
			return err
		}
		for tid, sig := range h.threads {
			t := f.enter(tid, h.pid)
			if err := ptrace.SetOptions(tid, attachOptions); err != nil && !errors.Is(err, unix.ESRCH) {
				return &Error{"PTRACE_SETOPTIONS", tid, err}
			}
			var w wait
			switch {
			case h.grouped[tid] != 0:
				w = wait{GroupStop, h.grouped[tid]}
			case sig != 0:
				w = wait{SignalStop, sig}
			default:
				w = wait{EventStop, 0}
			}
			if err := f.answer(t, w); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return nil
}

// attachOptions are without PTRACE_O_EXITKILL: a process that is not ours
// survives our death.
const attachOptions = ptrace.SessionOptions &^ (unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACEVFORKDONE)

// enter adds a thread to the table.
func (f *follower) enter(tid, pid int) *thread {
	if t := f.tasks[tid]; t != nil {
		return t
	}
	t := &thread{tid: tid, pid: pid}
	f.tasks[tid] = t
	f.crowd.joined(tid)
	if f.left {
		_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: it is dead
	}
	return t
}

func (f *follower) drop(tid int) {
	delete(f.tasks, tid)
	f.crowd.left(tid)
}

// groupOf is the process of a new thread.
func groupOf(tid int) (int, error) {
	pid, err := procfs.TGID(tid)
	if err != nil {
		return 0, &Error{"find the process of", tid, err}
	}
	return pid, nil
}
