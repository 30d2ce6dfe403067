package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// Method is how a snapshot was taken.
type Method string

const (
	// StopCopy stops the process until everything is copied.
	StopCopy Method = "stop and copy"
	// PreCopy copies while the process runs, and then, with the process
	// stopped, what it has written meanwhile.
	PreCopy Method = "copy while it runs"
	// ForkCopy stops the process for as long as a fork(2) of it takes, and
	// copies the memory of the child, which never runs.
	ForkCopy Method = "copy of a fork"
)

// Config says what a capture writes and how. The zero value is a full core by
// the method that fits.
type Config struct {
	// Method is the one to use. Empty chooses, for a process that has more than
	// BufferMax in memory, PreCopy where it can be injected into and the kernel
	// can watch it (Linux 6.7), else ForkCopy where the source is a Forker; else
	// StopCopy. For Begin it chooses no PreCopy.
	Method Method
	// Files adds the clean pages of files: the core then shows programs and
	// libraries where their files are missing, and is larger by them.
	Files bool
	// Tracker, which must have been made for the same process, makes later
	// snapshots increments: the first one, and the one after a failure, is full.
	Tracker *Tracker
	// Full makes a full core in spite of a Tracker that could make an increment.
	Full bool
	// NoSync leaves it to the kernel when the file reaches its disk.
	NoSync bool
	// NoInject leaves out what only injected calls can learn. It saves some
	// 10 to 50 us a call: two for each thread, and one for each signal that
	// has an action.
	NoInject bool
	// BufferMax is how many bytes StopCopy takes into memory of ours while the
	// process stands still; a larger one goes straight to the file, which takes
	// longer. 0 is 32 MiB.
	BufferMax uint64
}

const defaultBuffer = 32 << 20

// Report says what a capture did.
type Report struct {
	ID     string
	Parent string // of an increment
	Method Method
	Why    string // why it is not the method that was asked for, or chosen first

	Freeze time.Duration // how long the process stood still, in all
	Total  time.Duration // from call to return

	Threads int
	Pages   uint64 // whose bytes are in the file
	Zeros   uint64 // that were in memory, and all zero
	Late    uint64 // of Pages, copied at the stop: those that were written meanwhile
	Rounds  int    // of copying before the stop
	Size    uint64 // of the file, holes included, in bytes
	Written uint64 // bytes of pages that were written to the file
	Notes   []string
}

// Capture writes a snapshot of src's process to path; a name that ends in .zst
// is compressed. The process runs on afterwards, also on error. The file
// appears when it is complete; it replaces one of that name.
//
// It must not be called on a thread whose root directory is not the ordinary
// one, for paths; and the thread that Src.Do runs on must be free to run it.
func Capture(ctx context.Context, src Source, path string, cfg *Config) (*Report, error) {
	p, err := prepare(src, path, cfg)
	if err != nil {
		return nil, err
	}
	if err := p.c.run(ctx); err != nil {
		p.target.abandon()
		return nil, p.named(err)
	}
	return p.complete(ctx)
}

// newCapture is one that writes to f.
func newCapture(src Source, f *os.File, cfg *Config) *capture {
	via := memoryThread(src.PID())
	return &capture{
		src: src, cfg: cfg, pid: via, mem: memory.Of(via), f: f,
		report: &Report{Method: StopCopy},
		state: &State{
			ID: newID(), Arch: thisArch, PageSize: uint64(pageSize), Host: thisHost(),
		},
	}
}

// done is the report of a capture whose file is complete.
func (c *capture) done(begin time.Time) *Report {
	if t := c.cfg.Tracker; t != nil {
		t.last, t.areas, t.faults = c.state.ID, c.areas, c.faults
	}
	r := c.report
	r.ID, r.Parent, r.Threads, r.Notes = c.state.ID, c.state.Parent, len(c.state.Threads), c.state.Notes
	r.Total = time.Since(begin)
	return r
}

// capture is one snapshot that is being taken.
type capture struct {
	src    Source
	cfg    *Config
	pid    int // of a thread that has the memory: the leader may have ended
	mem    *memory.Space
	f      *os.File
	state  *State
	report *Report

	table *pagemap
	sel   *selection
	areas []area

	stopped time.Time // zero: the process runs
	faults  uint64    // of the process, at the stop
	held    bool      // it stands still until run has returned
	plain   bool      // mappings' details come later
	reading *reading  // that goes on, or nil
	// later is what is left to be done when the process runs again, or nil.
	later func(context.Context) error
}

// complete does what run has left to be done.
func (c *capture) complete(ctx context.Context) error {
	if c.later == nil {
		return nil
	}
	return c.later(ctx)
}

// run does what the process has to stand still for, and lets it go on.
func (c *capture) run(ctx context.Context) (err error) {
	if c.table, err = openPagemap(c.pid); err != nil {
		return err
	}
	defer c.table.Close()
	c.sel = &selection{pid: c.pid, files: c.cfg.Files, mem: c.mem, table: c.table, notes: &c.state.Notes}
	defer func() {
		if startErr := c.start(); err == nil {
			err = startErr
		}
	}()
	t := c.cfg.Tracker
	if t != nil && t.pid != c.src.PID() {
		return &Error{"capture", c.pid, fmt.Errorf("the Tracker is for process %d", t.pid)}
	}
	if t != nil && t.last != "" && !c.cfg.Full {
		c.state.Parent = t.last
		return c.preCopy(ctx, t)
	}
	method, large := c.cfg.Method, residentSize(c.pid) > c.bufferMax()
	in, can := c.src.(Injector)
	_, forks := c.src.(Forker)
	switch {
	case method == ForkCopy && t != nil:
		c.because("not copied from a fork: a Tracker's snapshots are read from the process itself")
		method = StopCopy
	case method != "":
	case large && c.held && forks && t == nil:
		method = ForkCopy
	case large && (t != nil || can && !c.held):
		method = PreCopy
	default:
		method = StopCopy
	}
	if method == PreCopy && t == nil {
		if t, err = c.track(in); err != nil {
			return err
		}
		if t != nil {
			defer func() { _ = t.Close() }()
		}
	}
	switch {
	case method == PreCopy && t != nil:
		return c.preCopy(ctx, t)
	case method == ForkCopy || method == PreCopy && forks && c.cfg.Method == "":
		if done, err := c.forkCopy(ctx); done || err != nil {
			return err
		}
	}
	return c.stopAndCopy(ctx)
}

// track watches the process for this capture alone. Where that is not to be
// had, the report says why; the process's end is an error.
func (c *capture) track(in Injector) (*Tracker, error) {
	if in == nil {
		c.because("not copied while it ran: calls cannot be injected")
		return nil, nil
	}
	t, err := Track(in)
	if errors.Is(err, unix.ESRCH) {
		return nil, err
	}
	if err != nil {
		c.because("not copied while it ran: " + err.Error())
		return nil, nil
	}
	c.report.Freeze += t.freeze
	return t, nil
}

// because adds a reason why the method is another.
func (c *capture) because(why string) {
	if c.report.Why != "" {
		why = c.report.Why + "; " + why
	}
	c.report.Why = why
}

func (c *capture) bufferMax() uint64 {
	if c.cfg.BufferMax > 0 {
		return c.cfg.BufferMax
	}
	return defaultBuffer
}

// stop stops the process, if it is not, and returns its threads.
func (c *capture) stop() ([]Stopped, error) {
	c.stopped = time.Now()
	threads, err := c.src.Stop()
	if err == nil && len(threads) == 0 {
		err = unix.ESRCH
	}
	if err != nil {
		return nil, &Error{"stop", c.pid, err}
	}
	return threads, nil
}

// start lets the process go on, if it is stopped.
func (c *capture) start() error {
	if c.stopped.IsZero() {
		return nil
	}
	read := c.wait()
	err := c.src.Start()
	c.report.Freeze += time.Since(c.stopped)
	c.stopped = time.Time{}
	if err != nil {
		return &Error{"start", c.pid, err}
	}
	return read
}

// finish writes what is not data, and counts.
func (c *capture) finish(img *image) error {
	if err := img.finish(c.state); err != nil {
		return err
	}
	for i := range c.state.Mappings {
		c.report.Pages += c.state.Mappings[i].Runs.Pages(Data)
	}
	return nil
}

// setMappings puts the areas and their pages into the state.
func (c *capture) setMappings(spans []span) {
	c.state.Mappings, c.state.Files = mappings(c.pid, c.areas, spans, c.state.Parent != "")
}
