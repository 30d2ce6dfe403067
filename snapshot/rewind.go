package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/memory"
)

// Base is a moment in the life of a process that it can return to, as often as
// is wanted: a snapshot in memory of ours, and a watch on what the process has
// written since. It takes as much memory as the process has written ever, and
// costs the process about a microsecond at its first write to each page after
// each return.
//
// What comes back are memory, mappings, the program break, registers, signal
// actions and masks, and the offsets of open files that have one; descriptors
// opened since are closed. What does not is what has left the process (output,
// signals sent, files written), CPU time used, the clock and seccomp filters
// added. A thread that has ended since is a ResumeError, and so is a descriptor
// that was closed, or is of another file now.
type Base struct {
	pid     int
	core    *Core
	state   *State
	tracker *Tracker
	areas   []memory.Mapping // at that moment
	actions map[int]bool     // signals that have an action
}

// Mark makes a Base of a process as it is. Without asynchronous write
// protection (Linux 6.7) the error is errors.ErrUnsupported.
func Mark(ctx context.Context, src Injector) (*Base, *Report, error) {
	begin := time.Now()
	t, err := Track(src)
	if err != nil {
		return nil, nil, err
	}
	b, r, err := mark(ctx, src, t, begin)
	if err != nil {
		return nil, nil, errors.Join(err, t.Close())
	}
	return b, r, nil
}

func mark(ctx context.Context, src Injector, t *Tracker, begin time.Time) (*Base, *Report, error) {
	fd, err := unix.MemfdCreate("warder-base", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "warder-base")
	c := newCapture(src, f, &Config{Method: StopCopy, Tracker: t, NoSync: true})
	if err := errors.Join(c.run(ctx), c.complete(ctx)); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	r := c.done(begin)
	core, err := openFile(f, nil)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	b := &Base{pid: src.PID(), core: core, state: core.State(), tracker: t, actions: make(map[int]bool)}
	for i := range c.areas {
		b.areas = append(b.areas, c.areas[i].Mapping)
	}
	for _, a := range b.state.Process.Signals.Actions {
		b.actions[a.Signal] = true
	}
	return b, r, nil
}

// Close ends the watch and gives the memory back. The process goes on.
func (b *Base) Close() error { return errors.Join(b.tracker.Close(), b.core.Close()) }

// Rewound says what a return took.
type Rewound struct {
	Pages  uint64 // that were written back
	Zeroed uint64 // that were dropped: untouched then, and since written
	Maps   int    // calls that mappings took
	Freeze time.Duration
}

// Rewind returns the process to the moment. Threads that were started since
// are ended. After an error the process is in no state to go on.
func (b *Base) Rewind(src Injector) (*Rewound, error) {
	begin := time.Now()
	stops, err := src.Stop()
	if err != nil {
		return nil, err
	}
	w := &rewind{
		b: b, r: &Rewound{}, src: src,
		resumption: resumption{s: b.state, c: b.core, pid: b.pid, mem: memory.Of(b.pid), b: injectorOnly{src}},
	}
	err = src.Do(func() error { return w.run(stops) })
	if startErr := src.Start(); err == nil {
		err = startErr
	}
	w.r.Freeze = time.Since(begin)
	return w.r, err
}

// Elsewhere is told by sources that want to know that the threads will not go
// on from the stops that they are in: what they were about to do, and the
// signals that they were about to get, are forgotten.
type Elsewhere interface{ Elsewhere() }

// injectorOnly is a Blank of a process that is there already.
type injectorOnly struct{ Injector }

func (injectorOnly) SetGadget(uint64) {}
func (injectorOnly) Renamed(int, int) {}
func (injectorOnly) Kept() int        { return -1 }
func (injectorOnly) Clone(int, uint64, uint64, uint64, uint64, uint64) (int, error) {
	return 0, errors.ErrUnsupported
}

// rewind is one return.
type rewind struct {
	resumption
	b   *Base
	r   *Rewound
	src Injector
}

func (w *rewind) run(stops []Stopped) error {
	if err := w.endThreads(stops); err != nil {
		return err
	}
	table, err := openPagemap(w.pid)
	if err != nil {
		return err
	}
	defer table.Close()
	remapped, err := w.remapAll()
	if err != nil {
		return err
	}
	if err := w.memory(table, remapped); err != nil {
		return err
	}
	if err := w.dispositions(); err != nil {
		return err
	}
	if err := w.descriptors(); err != nil {
		return err
	}
	for _, d := range w.s.Process.Descriptors {
		// What is written to is no state of the process's own.
		if d.Kind == "file" && d.Flags&unix.O_ACCMODE == unix.O_RDONLY {
			w.call("lseek", unix.SYS_LSEEK, uint64(d.FD), uint64(d.Pos), unix.SEEK_SET)
		}
	}
	if err := w.flush(w.first()); err != nil {
		return err
	}
	if e, ok := w.src.(Elsewhere); ok {
		e.Elsewhere()
	}
	for i := range w.s.Threads {
		if err := w.registers(&w.s.Threads[i], w.s.Threads[i].TID); err != nil {
			return err
		}
	}
	return nil
}

// descriptors queues the closing of those that were opened since, and misses
// those that are gone.
func (w *rewind) descriptors() error {
	was := w.s.Process.Descriptors
	now, err := procfs.Descriptors(w.pid)
	if err != nil || len(was) >= maxDescriptors {
		return err // of so many not all are known
	}
	for _, d := range was {
		is := Descriptor{FD: d.FD}
		is.identify(w.pid)
		switch {
		case !slices.Contains(now, d.FD):
			return refuse("descriptor %d, %s, has been closed since", d.FD, d.Path)
		case is.Dev != d.Dev || is.Inode != d.Inode:
			return refuse("descriptor %d was %s and is another file now", d.FD, d.Path)
		}
	}
	for _, fd := range now {
		if !slices.ContainsFunc(was, func(d Descriptor) bool { return d.FD == fd }) {
			w.call("close", unix.SYS_CLOSE, uint64(fd))
		}
	}
	return nil
}

// first is a thread that calls are made in.
func (w *rewind) first() int { return w.s.Threads[0].TID }

// endThreads ends those that were started since, and misses those that were
// not to end.
func (w *rewind) endThreads(stops []Stopped) error {
	for _, t := range w.s.Threads {
		if !slices.ContainsFunc(stops, func(s Stopped) bool { return s.TID == t.TID }) {
			return &ResumeError{fmt.Sprintf("thread %d has ended since", t.TID)}
		}
	}
	for _, s := range stops {
		if slices.ContainsFunc(w.s.Threads, func(t Thread) bool { return t.TID == s.TID }) {
			continue
		}
		err := w.resumption.b.Inject(s.TID, []Call{{Nr: unix.SYS_EXIT}})
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// memory writes back what has been written, and drops what was not there. A
// dropped page is zeros again, or the file's.
func (w *rewind) memory(table *pagemap, remapped []span) error {
	t := w.b.tracker
	areas, err := plainAreas(w.pid)
	if err != nil {
		return err
	}
	all, err := t.written(table)
	if err != nil {
		return err
	}
	present, err := t.take(table, all, false)
	if err != nil {
		return err
	}
	unwatched, err := t.unwatched(table, areas)
	if err != nil {
		return err
	}
	changed := overlay(spansOf(all), remapped)
	there := spansOf(present)
	var fresh []area
	for _, a := range unwatched {
		if a.kernels() || a.vdso() {
			changed = subtract(changed, []span{{a.Start, a.End, Data}})
			continue
		}
		// Not watched: mapped since, perhaps in the place of one that was
		// watched. A scan shows nothing of it where it has not been touched.
		fresh = append(fresh, a)
		var all []region
		if err := table.present(a.Start, a.End, func(r region) { all = append(all, r) }); err != nil {
			return t.failed(err)
		}
		there = overlay(there, spansOf(all))
	}
	changed = overlay(changed, addresses(fresh))
	buf := make([]byte, 256<<10)
	for _, c := range changed {
		for _, s := range only(within(w.c.spans, c.start, c.end), Data) {
			for at := s.start; at < s.end; {
				p := buf[:min(uint64(len(buf)), s.end-at)]
				if _, err := w.c.ReadAt(p, int64(at)); err != nil {
					return err
				}
				if err := w.put(p, at); err != nil {
					return err
				}
				at += uint64(len(p))
				w.r.Pages += uint64(len(p)) / uint64(pageSize)
			}
		}
	}
	if err := w.drop(areas, within(there, 0, maxAddress), buf); err != nil {
		return err
	}
	if err := w.flush(w.first()); err != nil {
		return err
	}
	if err := t.register(fresh); err != nil {
		return err
	}
	// What was written back counts as written, by us.
	_, err = t.take(table, changedRegions(changed), true)
	return err
}

// drop queues the dropping of pages that were not there at the moment. Shared
// memory keeps what it has when it is dropped: it is made zeros.
func (w *rewind) drop(areas []area, there []span, buf []byte) error {
	for i := range areas {
		a := &areas[i]
		if a.kernels() || a.vdso() {
			continue
		}
		part := within(there, a.Start, a.End)
		for _, s := range subtract(part, only(within(w.c.spans, a.Start, a.End), Data)) {
			w.r.Zeroed += s.size() / uint64(pageSize)
			if !a.shmem() {
				w.call("madvise (drop)", unix.SYS_MADVISE, s.start, s.size(), unix.MADV_DONTNEED)
				continue
			}
			clear(buf)
			for at := s.start; at < s.end; {
				p := buf[:min(uint64(len(buf)), s.end-at)]
				if err := w.put(p, at); err != nil {
					return err
				}
				at += uint64(len(p))
			}
		}
	}
	return nil
}

func changedRegions(spans []span) []region {
	list := make([]region, 0, len(spans))
	for _, s := range spans {
		list = append(list, region{start: s.start, end: s.end})
	}
	return list
}

// put writes memory, past what the program may not write.
func (w *rewind) put(p []byte, at uint64) error {
	_, err := w.mem.WriteAt(p, int64(at))
	if errors.Is(err, unix.EFAULT) {
		_, err = w.mem.WriteForce(p, int64(at))
	}
	return err
}

// dispositions sets the signal actions again; signals that had none get the
// default.
func (w *rewind) dispositions() error {
	caught, err := procfs.Caught(w.pid)
	if err != nil {
		return err
	}
	var list []SigAction
	for sig := 1; sig <= maxSignals; sig++ {
		if caught>>(sig-1)&1 != 0 && !w.b.actions[sig] {
			list = append(list, SigAction{Signal: sig})
		}
	}
	list = append(list, w.s.Process.Signals.Actions...)
	if len(list) == 0 {
		return nil
	}
	// The structures lie where the stack is not alive, and are put back.
	var b []byte
	for _, a := range list {
		b = appendAction(b, a)
	}
	at := (w.s.Threads[0].Regs.SP() - 4096 - uint64(len(b))) &^ 15
	old := make([]byte, len(b))
	if _, err := w.mem.ReadAt(old, int64(at)); err != nil {
		return err
	}
	if _, err := w.mem.WriteAt(b, int64(at)); err != nil {
		return err
	}
	for i, a := range list {
		w.call("rt_sigaction", unix.SYS_RT_SIGACTION, uint64(a.Signal), at+uint64(i*actionSize), 0, sigSetSize)
	}
	if err := w.flush(w.first()); err != nil {
		return err
	}
	_, err = w.mem.WriteAt(old, int64(at))
	return err
}
