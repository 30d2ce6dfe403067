package tracer

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// stopPatience is how long the threads of a process may take to stop: one that
// runs or sleeps takes less than a millisecond. A variable for tests.
var stopPatience = 5 * time.Second

// maxDoubts is how many refusals without a visible reason are met before one
// is believed.
const maxDoubts = 50

// stopAll seizes and stops every thread. Those that run may start others, and
// their list in /proc is not read in one moment: that none is missing is known
// when the kernel's count of threads is that of those which stand still.
//
// PTRACE_O_EXITKILL is not set, nor any other option: a process that is not
// ours must survive our death, and does as it did.
func (h *hold) stopAll() error {
	deadline := time.Now().Add(stopPatience)
	for {
		ids, err := procfs.ThreadIDs(h.pid)
		if err != nil {
			if _, gone := guard(h.pid); gone == nil {
				ids, err = nil, nil // it is there again, under an execve
			} else if len(h.threads) > 0 && errors.Is(err, unix.ESRCH) {
				return h.died()
			}
		}
		if err != nil {
			return absent(h.pid, err)
		}
		fresh, err := h.pass(ids, deadline)
		if err != nil {
			return err
		}
		if !fresh && h.complete() {
			return nil
		}
		if len(h.threads) == 0 {
			if g, err := guard(h.pid); err == nil && g.Ended() {
				if refused, why := refusedSeize(h.pid, unix.EPERM); why {
					return refused
				}
			}
		}
		if time.Now().After(deadline) {
			return &AccessError{PID: h.pid, Reason: fmt.Sprintf("it starts new threads faster than they can be stopped: %d in %s", len(h.threads), stopPatience), Err: unix.EAGAIN}
		}
	}
}

// complete reports whether every thread stands still. Threads that stand
// neither end nor start others, so one look at the count is enough.
func (h *hold) complete() bool {
	for tid := range h.threads {
		if !stands(tid) {
			h.bury(tid) // it died while others were stopped
		}
	}
	want := len(h.threads)
	if want == 0 {
		return false
	}
	if _, leads := h.threads[h.pid]; !leads {
		want++ // a dead leader counts until all its threads are dead
	}
	var st procfs.Stat
	return procfs.ReadStat(h.pid, &st) == nil && st.Threads == want
}

// pass stops the threads of a list that do not stand still, all of them at
// the same time, and reports whether there were any.
func (h *hold) pass(ids []int, deadline time.Time) (fresh bool, err error) {
	var waiting []int
	for _, tid := range ids {
		if _, known := h.threads[tid]; known && stands(tid) {
			continue
		}
		err := ptrace.Seize(tid, 0)
		switch {
		case errors.Is(err, unix.ESRCH), errors.Is(err, unix.EPERM) && ended(tid):
			h.bury(tid) // it has ended meanwhile, or is a leader that its threads outlive
			continue
		case errors.Is(err, unix.EPERM) && ptrace.Mine(tid):
			// Ours already, and not stopped: an execve gave its caller this id.
		case err != nil:
			refused, why := refusedSeize(tid, err)
			if why || h.doubts == maxDoubts {
				return fresh, refused
			}
			// An execve replaced a leader that was dying: there is no reason any more.
			h.doubts++
			fresh = true
			nap(time.Millisecond)
			continue
		}
		fresh = true
		if err := ptrace.Interrupt(tid); err != nil && !errors.Is(err, unix.ESRCH) {
			return fresh, &Error{"PTRACE_INTERRUPT", tid, err}
		}
		waiting = append(waiting, tid)
	}
	for _, tid := range waiting {
		if err := h.await(tid, deadline); err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// await waits for a thread's stop, or its death. It looks again and again: a
// blocking wait4 could not be left when a thread does not stop.
func (h *hold) await(tid int, deadline time.Time) error {
	const spin = 100 * time.Microsecond // most stops take less
	begun := time.Now()
	for long := 20 * time.Microsecond; ; {
		stopped, death, code, err := ptrace.PeekTask(tid)
		switch {
		case death, errors.Is(err, unix.ECHILD):
			h.bury(tid)
			return nil
		case err != nil:
			return &Error{"waitid", tid, err}
		case stopped:
			return h.enter(tid, code)
		}
		now := time.Now()
		if now.After(deadline) {
			return &AccessError{PID: h.pid, Reason: stuck(tid), Err: unix.ETIMEDOUT}
		}
		if now.Sub(begun) < spin {
			yield()
			continue
		}
		nap(long)
		long = min(2*long, 2*time.Millisecond)
	}
}

// yield lets a thread run that waits for this one's core.
func yield() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// nap waits without giving the locked thread's work to another.
func nap(d time.Duration) {
	wait := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &wait, nil) // a signal only shortens it
}

// enter notes a thread that has stopped. The stop is not waited for, only
// looked at: a signal that its delivery is at would be lost if this program
// died after having taken the report.
func (h *hold) enter(tid, code int) error {
	h.threads[tid] = 0
	delete(h.grouped, tid)
	switch w := classify(uint32(code)<<8 | 0x7f); w.kind {
	case SignalStop:
		h.threads[tid] = w.code
	case EventStop:
		if err := keepWaiting(tid); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	case GroupStop: // which Detach leaves as it is
		if h.grouped == nil {
			h.grouped = make(map[int]int)
		}
		h.grouped[tid] = w.code
	}
	return nil
}

// bury forgets a dead thread. Only its tracer can reap one that it has seized,
// and an execve waits for that. The process itself is its parent's to reap,
// which may be another thread of this program.
func (h *hold) bury(tid int) {
	delete(h.threads, tid)
	if tid != h.pid && ended(tid) {
		_, _ = ptrace.Wait(tid, unix.WALL|wnothread|unix.WNOHANG, nil, nil)
	}
}

// ended reports whether a thread is dead, reaped or not.
func ended(tid int) bool {
	var st procfs.Stat
	err := procfs.ReadStat(tid, &st)
	return errors.Is(err, unix.ESRCH) || err == nil && (st.State == 'Z' || st.State == 'X')
}

// stuck says what a thread does that does not stop.
func stuck(tid int) string {
	s := fmt.Sprintf("thread %d does not stop within %s", tid, stopPatience)
	var st procfs.Stat
	if procfs.ReadStat(tid, &st) == nil {
		s += fmt.Sprintf(": its state is %c", st.State)
		if st.State == 'D' {
			s += ", a wait that cannot be interrupted"
		}
	}
	where, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/wchan")
	if name := strings.TrimSpace(string(where)); err == nil && name != "" && name != "0" {
		s += ", in the kernel's " + name
	}
	return s
}
