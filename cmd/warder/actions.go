package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/record"
	"warder/regs"
	"warder/snapshot"
	"warder/tracer"
	"warder/unwind"
)

// actor does what --do says. What it shows goes to standard error, below a
// line of warder's that says of which event and thread.
type actor struct {
	count map[string]int // of each file with %n
	how   snapshot.Method
	last  *writing // the snapshot that is being written, or nil
	trace *unwind.Unwinder
	base  *snapshot.Base // of the mark
	back  int            // how often it was returned to
}

func newActor(how snapshot.Method) *actor {
	return &actor{count: make(map[string]int), how: how, trace: unwind.New(unwind.Config{})}
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
	if action.name == "mark" {
		return a.mark(f)
	}
	if action.name == "rewind" {
		return a.rewind(f, action.arg)
	}
	return a.backtrace(f, what)
}

// mark notes the moment that rewind returns to: the first, for a program that
// has been taken back comes to the same event again.
func (a *actor) mark(f *tracer.Frozen) (err error) {
	if a.base == nil {
		a.base, _, err = snapshot.Mark(context.Background(), f)
	}
	return err
}

// rewind returns to the mark, as often as it says.
func (a *actor) rewind(f *tracer.Frozen, times string) error {
	if a.base == nil {
		return errors.New("nothing was marked before: --on EVENT --do mark")
	}
	if n, err := strconv.Atoi(times); err == nil && a.back >= n {
		return nil
	}
	if _, err := a.base.Rewind(f); err != nil {
		f.Fail(err) // it is half of one and half of the other
		return err
	}
	a.back++
	return nil
}

func (a *actor) backtrace(f *tracer.Frozen, what string) error {
	for _, t := range threads(f) {
		r, err := regs.Read(t.TID)
		if err != nil {
			return err
		}
		p, err := unwind.Live(t.TID)
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%s: thread %d", what, t.TID))
		for line := range strings.Lines(a.trace.Backtrace(p, r).String()) {
			// A program names its functions and files as it likes.
			fmt.Fprintln(os.Stderr, record.Clean(strings.TrimSuffix(line, "\n")))
		}
	}
	return nil
}

// threads are the stopped threads of the process that an event is about.
func threads(f *tracer.Frozen) []tracer.Stop {
	return slices.DeleteFunc(f.Threads(), func(t tracer.Stop) bool { return t.PID != f.PID() })
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
			fmt.Fprintln(os.Stderr, record.Clean(mapping.String()))
		}
	}
	return nil
}

// writing is a snapshot whose program runs on meanwhile.
type writing struct {
	what, name string
	pending    *snapshot.Pending
}

// snapshot begins to write a core file, when the one before it is complete. Its
// name's %n is how many there have been.
func (a *actor) snapshot(f *tracer.Frozen, what, name string) error {
	a.finish()
	if strings.Contains(name, "%n") {
		a.count[name]++
		name = strings.ReplaceAll(name, "%n", strconv.Itoa(a.count[name]))
	}
	p, err := snapshot.Begin(context.Background(), f, name, &snapshot.Config{Method: a.how, Files: true, NoSync: true})
	if err != nil {
		return err
	}
	a.last = &writing{what, name, p}
	return nil
}

// finish waits until the last snapshot is complete, and says what it is.
func (a *actor) finish() {
	if a == nil || a.last == nil {
		return
	}
	w := a.last
	a.last = nil
	r, err := w.pending.Wait()
	if err != nil {
		say(fmt.Sprintf("%s: snapshot: %v", w.what, err))
		return
	}
	say(fmt.Sprintf("%s: %s", w.what, snapshotText(w.name, r)))
	if r.Why != "" {
		say(r.Why)
	}
}

// snapshotText says what a capture did.
func snapshotText(name string, r *snapshot.Report) string {
	return fmt.Sprintf("%s: %d threads, %d pages, %s; it stood still for %v", name, r.Threads, r.Pages, r.Method, r.Freeze.Round(10_000))
}
