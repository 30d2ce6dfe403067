package snapshot

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// signals sets the process's signal actions.
func (r *resumption) signals() error {
	scratch := r.base + scratchAt
	var b []byte
	for i, a := range r.s.Process.Signals.Actions {
		b = appendAction(b, a)
		r.call("rt_sigaction", unix.SYS_RT_SIGACTION, uint64(a.Signal), scratch+uint64(i*actionSize), 0, sigSetSize)
	}
	if len(b) > scratchOf {
		return refuse("it has %d signal actions", len(r.s.Process.Signals.Actions))
	}
	if len(b) > 0 {
		if _, err := r.mem.WriteAt(b, int64(scratch)); err != nil {
			return err
		}
	}
	return r.flush(r.pid)
}

// appendAction appends the kernel's struct sigaction.
func appendAction(b []byte, a SigAction) []byte {
	for _, v := range [...]uint64{a.Handler, a.Flags, a.Restorer, a.Mask} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// Flags of a thread's clone(2).
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM

// threads makes the threads and gives each its own state.
func (r *resumption) threads() error {
	ids := make([]int, len(r.s.Threads))
	for i := range r.s.Threads {
		t := &r.s.Threads[i]
		if ids[i] = r.pid; t.TID == r.s.Process.PID {
			continue
		}
		var err error
		// Its stack pointer is among its registers, which come later.
		if ids[i], err = r.b.Clone(r.pid, threadFlags, r.base+scratchAt+scratchOf, 0, 0, 0); err != nil {
			return err
		}
	}
	for i := range r.s.Threads {
		r.b.Renamed(r.s.Threads[i].TID, ids[i])
		if err := r.thread(&r.s.Threads[i], ids[i]); err != nil {
			return err
		}
	}
	// Registers last: from then on no call may be made that counts on them.
	for i := range r.s.Threads {
		if err := r.registers(&r.s.Threads[i], ids[i]); err != nil {
			return err
		}
	}
	return nil
}

// thread sets what a thread has besides registers.
func (r *resumption) thread(t *Thread, tid int) error {
	scratch := r.base + scratchAt
	b := append([]byte(t.Name[:min(len(t.Name), 15)]), make([]byte, 16)...)[:16]
	r.call("prctl(PR_SET_NAME)", unix.SYS_PRCTL, unix.PR_SET_NAME, scratch)
	if a := t.AltStack; a != nil && a.Flags&^ssOnStack == 0 && a.Size > 0 {
		for _, v := range [...]uint64{a.SP, 0, a.Size} { // stack_t
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		r.call("sigaltstack", unix.SYS_SIGALTSTACK, scratch+16, 0)
	}
	if t.ClearChildTID != nil {
		r.call("set_tid_address", unix.SYS_SET_TID_ADDRESS, *t.ClearChildTID)
	}
	if l := t.RobustList; l != nil && l.Head != 0 {
		r.call("set_robust_list", unix.SYS_SET_ROBUST_LIST, l.Head, l.Len)
	}
	if q := t.Rseq; q != nil && q.Area != 0 {
		r.call("rseq", unix.SYS_RSEQ, q.Area, uint64(q.Size), 0, uint64(q.Signature))
	}
	if _, err := r.mem.WriteAt(b, int64(scratch)); err != nil {
		return err
	}
	if err := r.flush(tid); err != nil {
		return err
	}
	if t.TID == r.s.Process.PID {
		if err := r.requeue(r.s.Process.Signals.Pending, tid, true); err != nil {
			return err
		}
	}
	pending := t.Pending
	if t.Signal != 0 && len(t.SigInfo) == sigInfoSize && sigOf(t.SigInfo) == uint32(t.Signal) {
		pending = append([][]byte{t.SigInfo}, pending...) // it was about to be delivered
	}
	if err := r.requeue(pending, tid, false); err != nil {
		return err
	}
	return r.ownID(t, tid)
}

const sigInfoSize = ptrace.SigInfoSize

func sigOf(info []byte) uint32 { return binary.LittleEndian.Uint32(info) }

// requeue sends a thread the signals that waited for it, or for its process. A
// thread may send itself any siginfo_t (rt_tgsigqueueinfo(2)), and gets none
// before it runs: every signal is blocked while calls are made in it.
func (r *resumption) requeue(list [][]byte, tid int, shared bool) error {
	at := r.base + scratchAt
	var b []byte
	for _, info := range list {
		if len(info) != sigInfoSize || len(b)+sigInfoSize > scratchOf {
			r.note("signals that waited for thread %d are lost", tid)
			break
		}
		sig, from := uint64(sigOf(info)), at+uint64(len(b))
		b = append(b, info...)
		if shared {
			r.call("rt_sigqueueinfo", unix.SYS_RT_SIGQUEUEINFO, uint64(r.pid), sig, from)
		} else {
			r.call("rt_tgsigqueueinfo", unix.SYS_RT_TGSIGQUEUEINFO, uint64(r.pid), uint64(tid), sig, from)
		}
	}
	if len(b) == 0 {
		return nil
	}
	if _, err := r.mem.WriteAt(b, int64(at)); err != nil {
		return err
	}
	return r.flush(tid)
}

const ssOnStack = 1 // SS_ONSTACK

// ownID tells the C library the thread's new id: glibc and musl keep it where
// the kernel is to clear it when the thread ends. Without it raise(3), abort(3)
// and error-checking mutexes go wrong.
func (r *resumption) ownID(t *Thread, tid int) error {
	if t.ClearChildTID == nil || *t.ClearChildTID == 0 {
		return nil
	}
	at := int64(*t.ClearChildTID)
	var word [4]byte
	if _, err := r.mem.ReadAt(word[:], at); err != nil {
		r.note("thread %d: its id is not where it said", t.TID)
		return nil
	}
	if binary.LittleEndian.Uint32(word[:]) != uint32(t.TID) {
		r.note("thread %d: nothing that looks like its id was found; it may go on with the old one", t.TID)
		return nil
	}
	binary.LittleEndian.PutUint32(word[:], uint32(tid))
	_, err := r.mem.WriteAt(word[:], at)
	return err
}

// registers sets a thread's registers and its signal mask.
func (r *resumption) registers(t *Thread, tid int) error {
	if err := setVector(t, &r.s.Host, tid); err != nil {
		return err
	}
	g := t.Regs.Regs
	restarted(&g, t.Restart)
	if err := g.Write(tid); err != nil {
		return err
	}
	if err := ptrace.SetSigMask(tid, t.SigMask); err != nil {
		return &Error{"PTRACE_SETSIGMASK", tid, err}
	}
	return nil
}
