package tracer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// budget ends a session that uses too much. Its timer samples the tree
// from outside, so that a session in its steady state makes no stop; how soon
// it looks again follows from how fast the rest of a budget could be used up.
type budget struct {
	limits  Limits
	procs   map[int]*process // session.procs; written under mu
	onLimit func(Outcome, string)
	release func() // gives the ids back
	memfds  int64  // how many descriptors may hold memory; 0: none can

	mu       sync.Mutex
	ended    bool // a cause is set, or the session is over
	outcome  Outcome
	message  string
	setup    time.Duration // CPU time of the launch, which is not the program's
	dead     usage         // of processes that are reaped
	peak     int64         // highest sample of Memory
	tree     time.Duration // CPU time by the control group, or 0
	oomKills int64         // in the control group
	files    int64         // highest sample of file-backed code, for the end's check
	output   int64         // bytes read so far, under mu
	reader   procfs.Reader
	timer    *time.Timer
	closed   bool // the session is over
}

// usage is CPU time and peak memory.
type usage struct {
	user, system time.Duration
	maxRSS       int64
}

func (b *budget) init(s *session) {
	b.limits, b.procs = s.limits, s.procs
	b.outcome = OK
}

// end sets the cause of the session's end, if it is the first, and kills
// everything. It may be called from any goroutine.
func (b *budget) end(o Outcome, message string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false
	}
	b.ended, b.outcome, b.message = true, o, message
	b.killLocked()
	return true
}

// used ends the session for a budget that is used up.
func (b *budget) used(o Outcome, message string) {
	if b.onLimit != nil {
		b.onLimit(o, message)
		return
	}
	b.end(o, message)
}

// over marks the program's own end: later causes do not count.
func (b *budget) over() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.killLocked()
}

func (b *budget) killAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.killLocked()
}

func (b *budget) hasEnded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// hasCause reports whether warder ended the session, and not the program.
func (b *budget) hasCause() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outcome != OK
}

// killLocked signals by pidfd: a process id may be somebody else's by now.
func (b *budget) killLocked() {
	for _, p := range b.procs {
		if p.pidfd >= 0 {
			_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0) // ESRCH: dead
		} else {
			_ = unix.Kill(p.tgid, unix.SIGKILL) // no descriptor could be had
		}
	}
}

// watch looks after the limits and ctx, from a timer: a session that ends
// before any of them could run out starts no goroutine.
func (b *budget) watch(ctx context.Context, p *placement) (stop func()) {
	start := time.Now()
	b.mu.Lock()
	b.timer = time.AfterFunc(min(b.pause(0, 0, 0), quietTick), func() { b.tick(start, p) })
	b.mu.Unlock()
	stopCtx := context.AfterFunc(ctx, func() {
		b.end(Failed, "interrupted: "+context.Cause(ctx).Error())
	})
	return func() {
		stopCtx()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.closed = true // a tick that is under way sets no timer any more
		b.timer.Stop()
	}
}

func (b *budget) tick(start time.Time, p *placement) {
	p.tick(time.Now())
	d := b.check(start)
	b.mu.Lock()
	defer b.mu.Unlock()
	if d > 0 && !b.closed {
		b.timer.Reset(d)
	}
}

const (
	minSample = time.Millisecond
	maxSample = 250 * time.Millisecond
	// fillRate is how fast memory can be made resident, per second: above
	// what page faults reach, near what clearing huge pages does.
	fillRate = 8 << 30
)

// pause is when to look again, given what is used now.
func (b *budget) pause(wall, cpu time.Duration, memory int64) time.Duration {
	d := b.timePause(wall, cpu)
	if b.limits.Memory >= 0 {
		left := float64(max(b.limits.Memory-memory, 0)) / fillRate * float64(time.Second)
		d = min(d, max(time.Duration(left), minSample))
	}
	return d
}

// timePause is how long neither CPU nor wall time can run out.
func (b *budget) timePause(wall, cpu time.Duration) time.Duration {
	d := maxSample
	if b.limits.CPU >= 0 {
		// Every core may work on it. Half a millisecond of slack saves a
		// sample that would come just too early.
		left := (b.limits.CPU-cpu)/time.Duration(runtime.NumCPU()) + minSample/2
		d = max(min(d, left), minSample)
	}
	if b.limits.Wall >= 0 {
		d = min(d, max(b.limits.Wall-wall, time.Microsecond))
	}
	return d
}

// check samples the tree and ends the session where a budget is used up; it
// returns how long to wait, or 0 when there is nothing more to watch.
func (b *budget) check(start time.Time) time.Duration {
	wall := time.Since(start)
	if b.limits.Wall >= 0 && wall >= b.limits.Wall {
		b.used(WallTimeLimit, fmt.Sprintf("wall time %v of %v", wall.Round(time.Millisecond), b.limits.Wall))
		return 0
	}
	// Its own CPU time: a sampler that waits for a core, or for a lock that the
	// program holds, has not cost anything, and must not look away for that.
	thread, began := threadCPU()
	cpu, memory := b.sample()
	took := time.Duration(0)
	if now, ended := threadCPU(); now == thread { // another's clock tells nothing
		took = ended - began
	}
	switch {
	case b.limits.CPU >= 0 && cpu >= b.limits.CPU:
		b.used(CPUTimeLimit, fmt.Sprintf("CPU time %v of %v", cpu.Round(time.Millisecond), b.limits.CPU))
		return 0
	case b.limits.Memory >= 0 && memory > b.limits.Memory:
		b.used(MemoryLimit, fmt.Sprintf("memory %d of %d bytes", memory, b.limits.Memory))
		return 0
	}
	// A program with very many mappings or processes makes a sample long; its
	// memory gets at most a tenth of a core. CPU and wall time are cheap to
	// look at and are not put off.
	next := b.pause(wall, cpu, memory)
	if rest := 9 * took; rest > next {
		next = max(next, min(rest, b.timePause(wall, cpu)))
	}
	return next
}

// threadCPU is the calling thread and its CPU time.
func threadCPU() (tid int, used time.Duration) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return 0, 0 // every kernel has it
	}
	return unix.Gettid(), time.Duration(ts.Nano())
}

// sample measures the living and adds the dead. It reads /proc without the
// lock, which a kill may need at any time; what was read of a process counts
// only if the process is still in the table afterwards, so that no sample is
// of a stranger that took its id over.
func (b *budget) sample() (cpu time.Duration, memory int64) {
	b.mu.Lock()
	if b.ended {
		b.mu.Unlock()
		return 0, 0
	}
	living := slices.Collect(maps.Values(b.procs))
	b.mu.Unlock()

	type reading struct {
		cpu           time.Duration
		memory, files int64
	}
	readings := make([]reading, len(living))
	spent := time.Duration(0)
	for i, p := range living {
		readings[i].cpu, _ = procfs.CPUTime(p.tgid) // gone: 0, and counted among the dead
		spent += readings[i].cpu
	}
	// The clocks take a microsecond each, memory's files twenty and more: near
	// the end of the CPU budget nothing may come between clock and verdict.
	if b.limits.Memory >= 0 && (b.limits.CPU < 0 || spent < b.limits.CPU) {
		for i, p := range living {
			readings[i].memory, readings[i].files = b.memoryOf(p.tgid)
		}
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	cpu = b.dead.user + b.dead.system - b.setup
	var files int64
	for i, p := range living {
		if b.procs[p.tgid] == p && b.alive(p) {
			cpu += readings[i].cpu
			memory += readings[i].memory
			files += readings[i].files
		}
	}
	b.peak = max(b.peak, memory)
	b.files = max(b.files, files)
	return cpu, memory
}

// memoryOf is what one process has in use, and how much file-backed code it
// has mapped.
func (b *budget) memoryOf(pid int) (used, files int64) {
	var st procfs.Status
	if err := b.reader.Status(pid, &st); err != nil {
		return 0, 0
	}
	shared := int64(st.RSSShmem)
	if b.memfds > 0 || int64(st.VMSize) > b.limits.Memory {
		// Only now can more be kept alive than is resident.
		shared = max(shared, sharedMemory(pid, b.memfds))
	}
	return int64(st.RSSAnon+st.VMPTE+st.VMSwap) + shared, int64(st.VMExe + st.VMLib)
}

// alive tells whether the id of p is still p's: its descriptor answers while
// the process is not reaped. Without one the sample is believed.
func (b *budget) alive(p *process) bool {
	return p.pidfd < 0 || !errors.Is(unix.PidfdSendSignal(p.pidfd, 0, nil, 0), unix.ESRCH)
}

// reaped adds a process's own use, when its leader has been waited for.
func (b *budget) reaped(ru *syscall.Rusage, own *usage) {
	u := usage{
		user:   time.Duration(ru.Utime.Nano()),
		system: time.Duration(ru.Stime.Nano()),
		maxRSS: ru.Maxrss * 1024, // KiB
	}
	if own != nil {
		u.user, u.system = own.user, own.system
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dead.user += u.user
	b.dead.system += u.system
	b.dead.maxRSS = max(b.dead.maxRSS, u.maxRSS)
}

// wrote counts output and says how much of n may pass on.
func (b *budget) wrote(n int) int {
	b.mu.Lock()
	b.output += int64(n)
	over := int64(0)
	if b.limits.Output >= 0 {
		over = max(b.output-b.limits.Output, 0)
	}
	b.mu.Unlock()
	if over == 0 {
		return n
	}
	b.end(OutputLimit, fmt.Sprintf("output of more than %d bytes", b.limits.Output))
	return max(n-int(min(over, math.MaxInt32)), 0)
}

// settle writes the use, and the cause where a budget gave it, into r. What
// the end shows to have been used up counts even if no sample saw it.
func (b *budget) settle(r *Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.User, r.System, r.MaxRSS = b.dead.user, b.dead.system, b.dead.maxRSS
	// The launch is system time, but for what rounding put elsewhere.
	inSystem := min(b.setup, r.System)
	r.System -= inSystem
	r.User = max(r.User-(b.setup-inSystem), 0)
	r.User, r.System = divide(b.tree, r.User, r.System)
	if b.outcome != OK {
		r.Outcome, r.Message = b.outcome, b.message
		return
	}
	if r.Outcome == PolicyViolation || r.Outcome == Failed {
		return
	}
	switch {
	case b.oomKills > 0 && r.Outcome != OK:
		r.Outcome, r.Message = MemoryLimit, "the kernel killed it for want of memory in its control group"
	case b.limits.Output >= 0 && b.output > b.limits.Output:
		r.Outcome, r.Message = OutputLimit, fmt.Sprintf("output of more than %d bytes", b.limits.Output)
	case b.limits.CPU >= 0 && r.CPU() > b.limits.CPU:
		r.Outcome, r.Message = CPUTimeLimit, fmt.Sprintf("CPU time %v of %v", r.CPU().Round(time.Millisecond), b.limits.CPU)
	case b.limits.Memory >= 0 && b.files > 0 && r.MaxRSS-b.files > b.limits.Memory:
		r.Outcome, r.Message = MemoryLimit, fmt.Sprintf("peak memory over %d bytes", b.limits.Memory)
	}
}
