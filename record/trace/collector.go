package trace

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/decode"
	"warder/rules"
	"warder/tracer"
)

// Collector is a [tracer.Witness] that decodes what it is told and hands it
// to a sink. It is for one session; its methods are called on the session's
// thread.
type Collector struct {
	opt     Options
	threads map[int]*thread
	last    *thread // of the last call, which is most often the next one's too

	native   abi.Arch
	kinds    *[tables][tableSize]callKind
	verdicts map[rules.Verdict]*Verdict
	links    links
	decode   decode.Options
}

// thread is a thread of the program, and its open call.
type thread struct {
	pid, tid int
	memory   decode.Memory
	arch     abi.Arch // of its last call
	call     Call
	open     bool // call has begun, and not ended
	told     bool // the sink knows that it has
}

var _ tracer.Witness = (*Collector)(nil)

// NewCollector makes a collector.
func NewCollector(opt Options) *Collector {
	opt.defaults()
	c := &Collector{opt: opt, threads: map[int]*thread{}, native: abi.Native(), kinds: kindTable(), verdicts: map[rules.Verdict]*Verdict{}}
	c.decode = decode.Options{MaxString: opt.MaxString, Zone: opt.Zone}
	return c
}

// Live is how many threads are known.
func (c *Collector) Live() int { return len(c.threads) }

// thread finds a thread, or makes it known: nobody is told of the first.
func (c *Collector) thread(pid, tid int) *thread {
	if t := c.last; t != nil && t.tid == tid && t.pid == pid {
		return t
	}
	t := c.threads[tid]
	if t == nil {
		t = &thread{pid: pid, tid: tid, arch: c.native, memory: c.opt.Memory(tid)}
		c.threads[tid] = t
	}
	t.pid = pid
	c.last = t
	return t
}

// Enter begins a call.
func (c *Collector) Enter(pid, tid int, call *rules.Call, v *rules.Verdict) bool {
	t := c.thread(pid, tid)
	now := c.opt.Now()
	if t.open {
		// It did not return, or not as we would see it: rt_sigreturn, on some
		// architectures.
		c.finish(t, now)
	}
	verdict := c.verdict(v)
	killed := v != nil && v.Action.Kind == rules.Kill
	if !killed && !c.opt.Calls.Has(call.Arch, call.Nr) {
		return false
	}
	r := &t.call
	r.PID, r.TID, r.Entered, r.Args = pid, tid, now, call.Args
	r.Returned, r.Value, r.Failed, r.Stack, r.shown = false, 0, false, nil, false
	r.Verdict, r.Live = verdict, len(c.threads)
	r.Switched = call.Arch != t.arch
	if c.opt.Undecoded {
		r.Text.Arch, r.Text.Nr, r.Text.Result = call.Arch, call.Nr, "?"
	} else {
		r.Text.Enter(call.Arch, call.Nr, call.Args, t.memory, c.options(t, call))
		r.pending = r.Text.Pending() < len(r.Text.Args)
	}
	if !killed && c.opt.Paths != nil && !c.opt.Paths.match(&c.links, r) {
		return false
	}
	t.arch, t.open, t.told = call.Arch, true, false
	if c.opt.Status == 0 {
		c.opt.Sink.Enter(r)
		t.told = true
	}
	switch {
	case killed:
		c.stack(t)
		r.Left, t.open = now, false
		c.opt.Sink.Return(r) // whatever the status asked for: the session ends here
		return false
	case v != nil && v.Action.Kind == rules.Errno:
		// The supervisor answers in the kernel's place: the return is known.
		c.stack(t)
		c.returned(t, now, uint64(v.Action.Errno), true)
		return false
	case c.kindOf(call)&leaver != 0:
		c.stack(t)
		c.finish(t, now)
		return false
	case !c.opt.Returns.Has(call.Arch, call.Nr):
		c.stack(t)
		c.finish(t, now)
		return false
	}
	if c.kindOf(call)&mover != 0 {
		c.stack(t)
	}
	return true
}

// Return ends a call.
func (c *Collector) Return(pid, tid int, value uint64, failed bool) {
	t := c.thread(pid, tid)
	if !t.open {
		return
	}
	now := c.opt.Now()
	if t.call.Stack == nil {
		c.stack(t)
	}
	c.returned(t, now, value, failed)
}

// returned ends a call whose result is known.
func (c *Collector) returned(t *thread, now time.Time, value uint64, failed bool) {
	r := &t.call
	r.Left, r.Returned, r.Value, r.Failed = now, true, value, failed
	r.Live, t.open = len(c.threads), false
	if !c.opt.Undecoded {
		call := rules.Call{Arch: r.Text.Arch, Nr: r.Text.Nr}
		r.Text.Return(value, failed, t.memory, c.options(t, &call))
	}
	if c.opt.Status.wants(r) {
		c.opt.Sink.Return(r)
	}
}

// finish ends a call that did not return.
func (c *Collector) finish(t *thread, now time.Time) {
	r := &t.call
	r.Left, r.Live, t.open = now, len(c.threads), false
	if c.opt.Status.wants(r) {
		c.opt.Sink.Return(r)
	}
}

// options are the decoder's for one stop.
func (c *Collector) options(t *thread, call *rules.Call) decode.Options {
	o := c.decode
	if c.opt.Descriptors {
		o.FD = c.links.of(t.pid)
	}
	if c.kindOf(call)&restorer != 0 {
		o.Stack = stackPointer(t.tid)
	}
	return o
}

func (c *Collector) stack(t *thread) {
	if c.opt.Stack != nil {
		t.call.Stack = c.opt.Stack(t.tid)
	}
}

// verdict is what is told of a verdict, nil for one that lets the call be.
func (c *Collector) verdict(v *rules.Verdict) *Verdict {
	if v == nil || v.Action.Kind == rules.Allow || v.Action.Kind == rules.Trace {
		return nil
	}
	known, ok := c.verdicts[*v]
	if ok {
		return known
	}
	known = &Verdict{Action: v.Action.String(), Rule: v.Reason}
	if p := c.opt.Policy; p != nil {
		switch {
		case v.Rule >= 0 && v.Rule < len(p.Rules):
			known.Rule = p.WhereRule(&p.Rules[v.Rule])
		case v.Reason == rules.ReasonDefault:
			known.Rule = p.Source + ": default"
		}
	}
	c.verdicts[*v] = known
	return known
}

// Signal tells of a signal.
func (c *Collector) Signal(pid, tid, signal int, siginfo []byte) {
	c.thread(pid, tid)
	if !c.opt.Signals.Has(signal) {
		return
	}
	e := Event{Kind: SignalKind, PID: pid, TID: tid, Time: c.opt.Now(), Signal: abi.SignalName(signal)}
	if siginfo != nil {
		e.Text = decode.Signal(c.native, signal, siginfo, c.decode)
	}
	c.opt.Sink.Tell(&e, len(c.threads))
}

// Stopped tells of a job control stop.
func (c *Collector) Stopped(pid, tid, signal int) {
	c.thread(pid, tid)
	if c.opt.Signals.Has(signal) {
		c.tell(&Event{Kind: StopKind, PID: pid, TID: tid, Signal: abi.SignalName(signal)})
	}
}

// Born tells of a new thread.
func (c *Collector) Born(pid, tid, parent int) {
	if t := c.threads[tid]; t != nil && t.pid != pid {
		// Another's id, used again: its end was not told.
		if t.open {
			c.finish(t, c.opt.Now())
		}
		c.forget(t)
	}
	c.thread(pid, tid)
	c.tell(&Event{Kind: BirthKind, PID: pid, TID: tid, Parent: parent})
}

func (c *Collector) tell(e *Event) {
	e.Time = c.opt.Now()
	c.opt.Sink.Tell(e, len(c.threads))
}

// Executed ends the process's other threads: the kernel has killed them, and
// the one that is left has the process's id.
func (c *Collector) Executed(pid, former int) {
	now := c.opt.Now()
	for _, tid := range c.of(pid) {
		t := c.threads[tid]
		switch tid {
		case former:
		case pid: // its id goes on
			if t.open {
				c.finish(t, now)
			}
		default:
			status := 0
			c.end(t, &Event{Kind: EndKind, PID: pid, TID: tid, Exit: &status})
		}
	}
	if former == pid {
		return
	}
	t := c.thread(pid, former)
	delete(c.threads, former)
	c.threads[pid] = t
	t.tid, t.memory, t.call.TID = pid, c.opt.Memory(pid), pid
	c.tell(&Event{Kind: ExecKind, PID: pid, TID: pid, Former: former})
}

// of lists the threads of a process, in order.
func (c *Collector) of(pid int) []int {
	var list []int
	for tid, t := range c.threads {
		if t.pid == pid {
			list = append(list, tid)
		}
	}
	slices.Sort(list)
	return list
}

// Ended tells of a thread's end.
func (c *Collector) Ended(pid, tid int, status unix.WaitStatus) {
	e := &Event{Kind: EndKind, PID: pid, TID: tid}
	switch {
	case status.Exited():
		code := status.ExitStatus()
		e.Exit = &code
	case status.Signaled():
		e.Signal, e.Core = abi.SignalName(int(status.Signal())), status.CoreDump()
	}
	c.end(c.thread(pid, tid), e)
}

func (c *Collector) end(t *thread, e *Event) {
	if t.open {
		c.finish(t, c.opt.Now())
	}
	c.tell(e)
	c.forget(t)
}

func (c *Collector) forget(t *thread) {
	delete(c.threads, t.tid)
	if c.last == t {
		c.last = nil
	}
}

// Close ends what is open: calls of threads that the session let go. The sink
// is the caller's to close.
func (c *Collector) Close() {
	now := c.opt.Now()
	for _, t := range c.threads {
		if t.open {
			c.finish(t, now)
		}
	}
	clear(c.threads)
	c.last = nil
}
