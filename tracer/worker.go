package tracer

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/jail"
	"warder/jail/cgroup"
	"warder/rules"
)

// idleWorker is how long a worker keeps its thread and stub for the next
// session: long enough for sessions in sequence, short enough to leave
// nothing behind.
const idleWorker = 250 * time.Millisecond

// worker is a locked OS thread with its stub. It runs one session at a time;
// its thread ends with it and is never unlocked, so that whatever is still
// traced then is killed by the kernel.
type worker struct {
	jobs chan func(*worker)
	gone chan struct{} // closed when the stub is dead and reaped
	stub *jail.Stub    // nil until the first session, and after a failed one
	key  stubKey       // what the stub is for
	// group is the control group that the stub and its children are in, or nil.
	group *cgroup.Group
	tid   int
	all   unix.CPUSet // the cores of its thread
	core  unix.CPUSet // where the stub is, and the child made ahead
}

// idleMost is how many idle workers there may be: each is a thread and two
// processes of a few pages.
const idleMost = 32

// pool holds the idle workers, newest last.
var pool struct {
	sync.Mutex
	idle []*worker
}

// onWorker runs f on a worker and returns when f has. An idle worker whose stub
// has the policy's filter loaded is preferred, and a new one to the stub of
// another policy, which is likely to be asked for again. With once the calling
// thread is the worker, if it has no children of its own: waking another costs
// a good part of a launch.
func onWorker(want *Prepared, target rules.Target, once bool, f func(*worker)) {
	if once && onOwnThread(f) {
		return
	}
	done := make(chan struct{})
	job := func(w *worker) {
		defer close(done)
		f(w)
	}
	w := idleWorkerFor(want, target)
	if w == nil {
		w = newWorker()
		go w.run()
	}
	w.jobs <- job
	<-done
}

// idleWorkerFor takes a worker out of the pool: the newest that fits, or the
// oldest where there are enough of others; nil for none.
func idleWorkerFor(want *Prepared, target rules.Target) *worker {
	pool.Lock()
	defer pool.Unlock()
	best := -1
	for i, w := range pool.idle {
		if w.key.prepared == want && w.key.target == target {
			best = i
		}
	}
	if best < 0 {
		if len(pool.idle) < idleMost {
			return nil
		}
		best = 0
	}
	w := pool.idle[best]
	pool.idle = slices.Delete(pool.idle, best, best+1)
	return w
}

// onOwnThread runs f on the calling thread and gives the thread back, without
// stub or tracee; false, and nothing done, where the host program has children
// on it.
func onOwnThread(f func(*worker)) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if !childless() {
		return false
	}
	hushStops()
	w := newWorker()
	w.affinity()
	f(w)
	w.closeStub()
	w.unpin()
	return true
}

func newWorker() *worker {
	return &worker{jobs: make(chan func(*worker), 1), gone: make(chan struct{})}
}

// CloseIdle ends the workers that wait for a next session, with their stubs,
// and returns when they are gone.
func CloseIdle() {
	pool.Lock()
	idle := pool.idle
	pool.idle = nil
	pool.Unlock()
	for _, w := range idle {
		close(w.jobs)
		<-w.gone
	}
}

// run is the worker's thread.
func (w *worker) run() { onNewThread(w.serve, nil) }

// onNewThread runs f on an OS thread of its own, which is never unlocked: it
// ends when f returns. It closes locked, if there is one, once it has a thread
// to itself.
func onNewThread(f func(), locked chan<- struct{}) {
	runtime.LockOSThread()
	if locked != nil {
		close(locked)
	}
	if fit() {
		hushStops()
		f()
		return
	}
	// Hold this thread until another has taken the work.
	taken := make(chan struct{})
	go onNewThread(f, taken)
	<-taken
	runtime.UnlockOSThread()
}

// fit reports whether the calling thread may become a worker. The program's
// first thread may not: it is parked for ever, not ended, when its goroutine
// returns, and would keep its tracees. Nor may one that the host program has
// forked a child on: a wait for this thread's children would reap it.
func fit() bool {
	return unix.Gettid() != unix.Getpid() && childless()
}

// childless reports whether the calling thread has neither child nor tracee.
func childless() bool {
	_, _, err := ptrace.Peek(unix.WALL | wnothread | unix.WNOHANG)
	return errors.Is(err, unix.ECHILD)
}

// affinity notes the worker's thread and the cores that it may run on.
func (w *worker) affinity() {
	w.tid = unix.Gettid()
	if err := unix.SchedGetaffinity(0, &w.all); err != nil {
		w.all.Set(0)
	}
}

func (w *worker) serve() {
	defer close(w.gone)
	w.affinity()
	idle := time.NewTimer(idleWorker)
	defer idle.Stop()
	defer w.closeStub()
	for {
		select {
		case job, ok := <-w.jobs:
			if !ok {
				return
			}
			job(w)
			if w.stub == nil {
				return // a session that failed may have left the thread unfit
			}
			idle.Reset(idleWorker)
			pool.Lock()
			pool.idle = append(pool.idle, w)
			pool.Unlock()
			// Whoever waited for the session goes first; then there is time to
			// make the child of the next one.
			runtime.Gosched()
			if w.stub != nil && w.stub.Prefork() != nil {
				w.closeStub() // another will be made
			}
		case <-idle.C:
			if w.retire() {
				return
			}
		}
	}
}

// retire takes w out of the pool; false if a session has just taken it.
func (w *worker) retire() bool {
	pool.Lock()
	defer pool.Unlock()
	i := slices.Index(pool.idle, w)
	if i < 0 {
		return false
	}
	pool.idle = slices.Delete(pool.idle, i, i+1)
	return true
}

func (w *worker) closeStub() {
	if w.stub != nil {
		w.stub.Close()
		w.stub = nil
	}
	w.closeGroup()
	w.key = stubKey{}
}

// pin puts the worker's thread and its stub on the core that the thread is on
// now; a stub made later inherits it (placement).
func (w *worker) pin() {
	one, err := here()
	if err != nil {
		return
	}
	if unix.SchedSetaffinity(0, &one) != nil {
		return
	}
	if w.stub != nil && w.core != one {
		w.stub.Place(&one)
	}
	w.core = one
}

// unpin lets the worker's thread run on every core again.
func (w *worker) unpin() { _ = unix.SchedSetaffinity(0, &w.all) }
