package tracer

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// placement keeps a program of one thread and its supervisor on one core while
// they talk much. Only one of the two runs at a time: on one core a turn is a
// plain context switch, across two it is an inter-processor wake-up, five to
// ten times as long.
//
// It begins with the launch, ends when the program has been quiet for a while,
// starts a second task or asks for its cores, and begins again with a burst of
// stops. What the program sees of its cores is what it has without: the calls
// that ask stop first (rules.AffinityCall).
type placement struct {
	all    *unix.CPUSet
	worker int // the supervisor's thread

	// Of the supervisor's thread alone.
	never bool      // the program has more tasks, or a choice of its own
	burst uint32    // stops since begun
	begun time.Time // of a count of stops

	stops atomic.Uint32 // since the last tick

	mu    sync.Mutex
	tid   int // the thread that is kept; 0: none
	since time.Time
}

const (
	// quietTick is how soon a new placement is looked at.
	quietTick = 2 * time.Millisecond
	// quietStops a tick are too few to be kept for.
	quietStops = 8
	// burstStops within burstTime are enough to begin: they cost more than
	// the change.
	burstStops = 32
	burstTime  = 16 * time.Millisecond
	// longPlaced is when the scheduler gets a say in which core it is.
	longPlaced = time.Second
)

// begin keeps tid, which the launch has put where the supervisor is.
func (p *placement) begin(w *worker, tid int) {
	p.all, p.worker = &w.all, w.tid
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tid, p.since = tid, time.Now()
}

// left is told that a thread is dead and reaped: its id is no longer its own.
func (p *placement) left(tid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tid == tid {
		_ = unix.SchedSetaffinity(p.worker, p.all) // a failure costs time only
		p.tid = 0
	}
}

// end lets both run on every core. Any goroutine may call it.
func (p *placement) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endLocked()
}

func (p *placement) endLocked() {
	if p.tid == 0 {
		return
	}
	_ = unix.SchedSetaffinity(p.tid, p.all)    // ESRCH: it is dead
	_ = unix.SchedSetaffinity(p.worker, p.all) // a failure costs time only
	p.tid = 0
}

// over ends the placement for good: the program's cores are its own affair.
func (p *placement) over() {
	p.never = true
	p.end()
}

// joined is told of a task that the session has not seen before. A task is
// born with its parent's core.
func (p *placement) joined(tid int) {
	if p.never || p.all == nil {
		return
	}
	p.over()
	_ = unix.SchedSetaffinity(tid, p.all) // ESRCH: it is dead
}

// stopped is told of each stop, and begins again where they come in a burst.
func (p *placement) stopped(tid int) {
	p.stops.Add(1)
	if p.never || p.all == nil {
		return
	}
	if p.burst++; p.burst < burstStops {
		return
	}
	now := time.Now()
	dense := now.Sub(p.begun) < burstTime
	p.burst, p.begun = 0, now
	if !dense {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tid != 0 {
		return
	}
	if one, err := here(); err == nil && unix.SchedSetaffinity(p.worker, &one) == nil {
		if unix.SchedSetaffinity(tid, &one) == nil {
			p.tid, p.since = tid, now
		} else {
			_ = unix.SchedSetaffinity(p.worker, p.all) // a failure costs time only
		}
	}
}

// tick ends a placement that has become quiet, or lasts long; it says whether
// there still is one.
func (p *placement) tick(now time.Time) bool {
	busy := p.stops.Swap(0) >= quietStops
	p.mu.Lock()
	defer p.mu.Unlock()
	if !busy || now.Sub(p.since) > longPlaced {
		p.endLocked()
	}
	return p.tid != 0
}

// here is the core that the calling thread runs on.
func here() (unix.CPUSet, error) {
	var one unix.CPUSet
	cpu, err := getcpu()
	if err == nil {
		one.Set(cpu)
	}
	return one, err
}
