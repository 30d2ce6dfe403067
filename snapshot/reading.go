package snapshot

import "time"

// readState reads everything but pages of the stopped process. Details of
// mappings come from earlier, where it has those.
func (c *capture) readState(threads []Stopped, earlier []area) error {
	s := c.state
	s.Taken = time.Now().UTC().Round(0) // without the clock that only we know
	buf := make([]byte, maxSet)
	err := c.src.Do(func() (err error) {
		s.Threads = make([]Thread, len(threads))
		for i, stop := range threads {
			if s.Threads[i], err = readThread(c.pid, stop, buf); err != nil {
				return err
			}
		}
		s.Process, err = readSignals(c.pid, c.src.PID(), threads)
		return err
	})
	if err != nil {
		return err
	}
	c.faults = faults(c.pid)
	in, can := c.src.(Injector)
	can = can && !c.cfg.NoInject
	if can {
		injectFacts(in, s, c.sel)
	} else {
		c.sel.note("alternate stacks, signal actions and addresses to clear are unknown: no calls were injected")
	}
	if err := c.listAreas(earlier); err != nil {
		return err
	}
	c.read(threads)
	for _, t := range s.Threads {
		if t.Restart != nil && t.Restart.Errno == 516 {
			c.sel.note("thread %d waits in call %d for a time that only the kernel knows", t.TID, t.Restart.Call)
		}
	}
	return nil
}

// reading is what is read of the stopped process beside the copying of its
// memory: small files of /proc, some half a millisecond of them.
type reading struct {
	over    chan struct{}
	process Process
	vdso    string
	notes   []string
	err     error
}

// read begins the reading; start waits for it.
func (c *capture) read(threads []Stopped) {
	r := &reading{over: make(chan struct{}), process: c.state.Process}
	c.reading = r
	via, areas, mem := c.pid, c.areas, c.mem
	go func() {
		defer close(r.over)
		if r.err = r.process.read(via, threads); r.err != nil {
			return
		}
		if r.process.Layout.Brk == 0 {
			r.process.Layout.setBrk(areas)
		}
		r.process.Descriptors = descriptors(via, &selection{notes: &r.notes})
		r.vdso = hashVDSO(mem, areas)
	}()
}

// wait waits for the reading.
func (c *capture) wait() error {
	r := c.reading
	if r == nil {
		return nil
	}
	c.reading = nil
	<-r.over
	c.state.Process, c.state.Host.VDSO = r.process, r.vdso
	for _, note := range r.notes {
		c.sel.note("%s", note)
	}
	return r.err
}
