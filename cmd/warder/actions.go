package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/regs"
	"warder/snapshot"
	"warder/tracer"
)

// actor does what --do says. What it shows goes to standard error, below a
// line of warder's that says of which event and thread.
type actor struct {
	count map[string]int // of each file with %n
}

func (a *actor) act(f *tracer.Frozen, e *tracer.Event, do []eventAction) {
	what := eventText(e)
	for _, action := range do {
		if err := a.do(f, what, action); err != nil {
			say(fmt.Sprintf("%s: %s: %v", what, action.name, err))
		}
	}
}

// eventText is an event in words: "syscall write in thread 123".
func eventText(e *tracer.Event) string {
	text := e.Kind.String()
	switch e.Kind {
	case tracer.CallEvent:
		name, _ := e.Call.Arch.Name(e.Call.Nr)
		text += " " + name
	case tracer.SignalEvent:
		text += " " + unix.SignalName(unix.Signal(e.Signal))
	case tracer.LimitEvent:
		text = e.Outcome.String()
	}
	if e.TID != 0 {
		text += " in thread " + strconv.Itoa(e.TID)
	}
	return text
}

func (a *actor) do(f *tracer.Frozen, what string, action eventAction) error {
	switch action.name {
	case "stop":
		f.End("stopped at " + what)
		return nil
	case "regs":
		return showRegs(f, what)
	case "maps":
		return showMaps(f, what)
	case "snapshot":
		return a.snapshot(f, what, action.arg)
	}
	return fmt.Errorf("not there yet")
}

// threads are the stopped threads of the process that an event is about.
func threads(f *tracer.Frozen) []tracer.Stop {
	all := f.Threads()
	var own []tracer.Stop
	for _, t := range all {
		if t.PID == all[0].PID {
			own = append(own, t)
		}
	}
	return own
}

func showRegs(f *tracer.Frozen, what string) error {
	for _, t := range threads(f) {
		r, err := regs.Read(t.TID)
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%s: registers of thread %d", what, t.TID))
		fmt.Fprint(os.Stderr, r)
	}
	return nil
}

func showMaps(f *tracer.Frozen, what string) error {
	for _, t := range threads(f)[:1] {
		m, err := f.Memory(t.TID)
		if err != nil {
			return err
		}
		maps, err := m.Maps()
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%s: mappings of process %d", what, t.PID))
		for _, mapping := range maps {
			fmt.Fprintln(os.Stderr, mapping)
		}
	}
	return nil
}

// snapshot writes a core file. Its name's %n is how many there have been.
func (a *actor) snapshot(f *tracer.Frozen, what, name string) error {
	if strings.Contains(name, "%n") {
		a.count[name]++
		name = strings.ReplaceAll(name, "%n", strconv.Itoa(a.count[name]))
	}
	r, err := snapshot.Capture(context.Background(), &frozenSource{f}, name, &snapshot.Config{Method: snapshot.StopCopy, Files: true, NoSync: true})
	if err != nil {
		return err
	}
	say(fmt.Sprintf("%s: %s", what, snapshotText(name, r)))
	return nil
}

// frozenSource is a session that stands still, as package snapshot wants it.
type frozenSource struct{ f *tracer.Frozen }

// PID is the process that the event is about.
func (s *frozenSource) PID() int {
	if all := s.f.Threads(); len(all) > 0 {
		return all[0].PID
	}
	return 0
}

// Stop lists its threads.
func (s *frozenSource) Stop() ([]snapshot.Stopped, error) {
	var list []snapshot.Stopped
	for _, t := range threads(s.f) {
		list = append(list, snapshot.Stopped{TID: t.TID, Signal: t.Signal})
	}
	if len(list) == 0 {
		return nil, tracer.ErrGone
	}
	return list, nil
}

// Start has nothing to do: the session goes on after the event.
func (s *frozenSource) Start() error { return nil }

// Do is called on the session's thread already.
func (s *frozenSource) Do(f func() error) error { return f() }

// Inject makes calls in a thread.
func (s *frozenSource) Inject(tid int, calls []snapshot.Call) error {
	return inject(calls, func(list []tracer.Call) error { return s.f.Inject(tid, list) })
}

// SetGadget says where calls are made.
func (s *frozenSource) SetGadget(addr uint64) { s.f.Gadget = addr }

// Clone makes a thread.
func (s *frozenSource) Clone(tid int, flags, stack, parentTID, childTID, tls uint64) (int, error) {
	return s.f.Clone(tid, flags, stack, parentTID, childTID, tls)
}

// Kept is the descriptor of the session's Keep.
func (s *frozenSource) Kept() int { return s.f.Kept() }

// Elsewhere says that the threads have been moved.
func (s *frozenSource) Elsewhere() { s.f.Elsewhere() }

// snapshotText says what a capture did.
func snapshotText(name string, r *snapshot.Report) string {
	return fmt.Sprintf("%s: %d threads, %d pages, %s; it stood still for %v", name, r.Threads, r.Pages, r.Method, r.Freeze.Round(10_000))
}
