package tracer

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
)

// crowd keeps a followed program, all of it, on its tracer's core while its
// calls come so fast that the tracer is what it waits for: then no two of them
// run at the same time anyway, and a turn on one core is a plain context
// switch. Unlike placement it is for any number of tasks.
//
// What the program sees of its cores is what it has without: a thread that
// asks has all of them until it has the answer, and one that chooses ends the
// crowd.
type crowd struct {
	all    unix.CPUSet
	worker int // the tracer's thread; 0: there never is a crowd
	never  bool
	count  int // stops since begun
	begun  time.Time

	stops atomic.Uint32 // since the last tick

	mu    sync.Mutex
	tasks map[int]struct{}
	kept  bool
	most  int // tasks, at the last stop
	timer *time.Timer
}

const (
	crowdTick = 4 * time.Millisecond
	// denseStops within denseTime begin a crowd of one task; one of several,
	// which could run in parallel, takes stops that leave no time for that.
	denseStops = 32
	denseTime  = 16 * time.Millisecond
	denseMany  = 2 * time.Millisecond
	// quietOne and quietMany stops a tick, or fewer, end it.
	quietOne, quietMany = 8, 40
)

// begin is called on the tracer's thread.
func (c *crowd) begin() {
	if unix.SchedGetaffinity(0, &c.all) == nil {
		c.worker = unix.Gettid()
	}
	c.tasks = make(map[int]struct{})
}

func (c *crowd) joined(tid int) {
	if c.worker == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks[tid] = struct{}{}
	if !c.kept && !c.never {
		// It was born with its parent's core, perhaps before that got the
		// others back.
		_ = unix.SchedSetaffinity(tid, &c.all) // ESRCH: it is dead
	}
}

func (c *crowd) left(tid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tasks, tid)
}

// stopped is told of each stop.
func (c *crowd) stopped(tasks int) {
	if c.worker == 0 || c.never {
		return
	}
	c.stops.Add(1)
	if c.count++; c.count < denseStops {
		return
	}
	now := time.Now()
	took := now.Sub(c.begun)
	c.count, c.begun = 0, now
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = tasks
	if c.kept || tasks == 1 && took > denseTime || tasks > 1 && took > denseMany {
		return
	}
	one, err := here()
	if err != nil {
		return
	}
	c.kept = true
	c.place(&one)
	if c.timer == nil {
		c.timer = time.AfterFunc(crowdTick, c.tick)
	} else {
		c.timer.Reset(crowdTick)
	}
}

// place gives all a set of cores; with mu. A failure costs time only.
func (c *crowd) place(set *unix.CPUSet) {
	_ = unix.SchedSetaffinity(c.worker, set)
	for tid := range c.tasks {
		_ = unix.SchedSetaffinity(tid, set)
	}
}

func (c *crowd) tick() {
	n := int(c.stops.Swap(0))
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.kept {
		return
	}
	if n <= quietOne || c.most > 1 && n <= quietMany {
		c.kept = false
		c.place(&c.all)
		return
	}
	c.timer.Reset(crowdTick)
}

// lend is told of a call of rules.AffinityCall before it runs. It reports
// whether the thread is to be given back after it.
func (c *crowd) lend(tid int, nr uint32) bool {
	if c.worker == 0 || c.never {
		return false
	}
	c.mu.Lock()
	kept := c.kept
	c.mu.Unlock()
	if name, _ := abi.Native().Name(nr); name == "sched_setaffinity" {
		c.end()
		c.never = true
		return false
	}
	if kept {
		_ = unix.SchedSetaffinity(tid, &c.all)
	}
	return kept
}

// back is told of that call's return.
func (c *crowd) back(tid int) {
	one, err := here()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept && err == nil {
		_ = unix.SchedSetaffinity(tid, &one)
	}
}

// end lets all run everywhere.
func (c *crowd) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.kept {
		c.kept = false
		c.place(&c.all)
	}
}
