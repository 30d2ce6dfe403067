// Package page writes a recording as one HTML file that asks the network for
// nothing: a timeline per thread, a table of calls with filters and search, a
// summary by call, and every argument of the call that is looked at.
//
//	w := page.New(file, page.Options{Command: argv})
//	…  err = w.Add(event)
//	err = w.Close()
//
// Events are written as they come, in blocks of a thousand. A file whose
// writer was killed can be opened: it shows what had been written, and says
// that it was cut off.
//
// # What a traced program can do to the page
//
// It chooses names, paths and what its calls were given, so all text is
// written as JSON without "<", ">" and "&", in elements that a browser does not
// execute; what would not be drawn, or would let the line around it be drawn in
// another order, is shown by number. The page never makes markup of text. Its
// Content-Security-Policy allows its own script and style, by their hashes,
// and nothing else.
package page

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"warder/record/trace"
)

// Bounds where Options has none: a browser opens such a page in a second or two.
const (
	DefaultEvents = 200_000
	DefaultBytes  = 64 << 20
)

// Options describe a recording. The zero value will do.
type Options struct {
	Command []string  // the program and its arguments, for the heading
	Start   time.Time // when the recording began; zero: the first event's time
	Policy  string    // the policy it ran under; "": none
	Version string    // warder's own

	// A page holds at most so many events, and bytes of them (one event more).
	// 0 or less: the defaults. An eighth is added for what is worth more than
	// one call more: calls that a policy did not allow, signals, births, ends.
	MaxEvents int
	MaxBytes  int64
}

// Writer makes one page. One goroutine at a time may use it.
type Writer struct {
	out  io.Writer
	opt  Options
	err  error // the first; nothing is written after it
	open bool  // the head is written
	done bool

	block   block
	written int64 // of blocks
	count   int   // of embedded events
	number  int64 // of the last event, embedded or not

	start, last time.Time // of the recording; the latest moment that an event tells of
	root        int       // the first event's process
	exit        string    // how it ended
	outcome     string
	lost        uint64
	left        int64            // left out
	leftNames   map[string]int64 // by the call's name
}

// maxLeftNames bounds what is remembered of the names of calls left out.
const maxLeftNames = 1024

// New begins a page. Nothing is written before the first event.
func New(w io.Writer, opt Options) *Writer {
	if opt.MaxEvents <= 0 {
		opt.MaxEvents = DefaultEvents
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = DefaultBytes
	}
	return &Writer{out: w, opt: opt, start: opt.Start, block: newBlock(), leftNames: make(map[string]int64)}
}

// Outcome says how the recording ended, where more is known than the events
// tell: "policy-violation". It is for before Close.
func (w *Writer) Outcome(text string) { w.outcome = text }

// Add takes the next event, in any order of time, and keeps nothing of it but
// strings. After an error of the underlying writer it returns that again.
func (w *Writer) Add(e *trace.Event) error {
	if w.err != nil {
		return w.err
	}
	if w.done {
		return fmt.Errorf("page: event after the end")
	}
	w.begin(e.Time)
	w.number++
	w.note(e)
	if !w.fits(e) {
		w.leave(e)
		return w.err
	}
	w.count++
	w.block.add(e, w.number)
	if w.block.full() {
		w.flush()
	}
	return w.err
}

// note takes from an event what the heading says.
func (w *Writer) note(e *trace.Event) {
	if until := e.Time.Add(max(e.Duration, 0)); until.After(w.last) {
		w.last = until
	}
	if w.root == 0 {
		w.root = e.PID
	}
	w.lost += e.Count
	// A leader's end may come before that of other threads, and is what a
	// parent's wait sees.
	if e.Kind == trace.EndKind && e.PID == w.root && (e.TID == e.PID || w.exit == "") {
		w.exit = ending(e)
	}
}

// fits reports whether the event is within the bounds.
func (w *Writer) fits(e *trace.Event) bool {
	events, bytes := w.opt.MaxEvents, w.opt.MaxBytes
	if e.Kind != trace.CallKind || e.Verdict != nil {
		events, bytes = events+events/8, bytes+bytes/8
	}
	return w.count < events && w.written+w.block.size() < bytes
}

func (w *Writer) leave(e *trace.Event) {
	w.left++
	name := e.Name
	if e.Kind != trace.CallKind {
		name = string(e.Kind)
	}
	if _, known := w.leftNames[name]; !known && len(w.leftNames) >= maxLeftNames {
		name = "other"
	}
	w.leftNames[name]++
}

// Close writes the rest. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.done {
		return w.err
	}
	w.begin(w.start)
	w.flush()
	w.done = true
	names := make([]string, 0, len(w.leftNames))
	for name := range w.leftNames {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if w.leftNames[a] != w.leftNames[b] {
			return int(w.leftNames[b] - w.leftNames[a])
		}
		return strings.Compare(a, b)
	})
	b := []byte(`<script type="application/json" id="tail">{"total":`)
	b = fmt.Appendf(b, `%d,"left":%d,"lost":%d,"length":%d,"exit":`, w.number, w.left, w.lost, max(w.last.Sub(w.start), 0).Nanoseconds())
	b = appendText(b, w.exit)
	b = append(b, `,"outcome":`...)
	b = appendText(b, w.outcome)
	b = append(b, `,"leftNames":[`...)
	for i, name := range names[:min(len(names), 6)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = appendText(b, name)
		b = fmt.Appendf(b, ",%d]", w.leftNames[name])
	}
	b = append(b, "]}</script>\n</body>\n</html>\n"...)
	w.write(b)
	return w.err
}

// begin writes the head once.
func (w *Writer) begin(first time.Time) {
	if w.open {
		return
	}
	w.open = true
	if w.start.IsZero() {
		w.start = first
	}
	w.last, w.block.time = w.start, w.start
	title := "warder trace"
	if len(w.opt.Command) > 0 {
		title += ": " + plain(strings.Join(w.opt.Command, " "))
	}
	w.write(head(title))
	b := []byte(`<script type="application/json" id="head">{"command":[`)
	for i, arg := range w.opt.Command {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, arg)
	}
	b = append(b, `],"start":`...)
	start := ""
	if !w.start.IsZero() {
		start = w.start.UTC().Format("2006-01-02T15:04:05.000000000Z")
	}
	b = appendText(b, start)
	b = append(b, `,"policy":`...)
	b = appendText(b, w.opt.Policy)
	b = append(b, `,"version":`...)
	b = appendText(b, w.opt.Version)
	b = append(b, `,"classes":[`...)
	for i, c := range classes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, c.name)
	}
	w.write(append(b, "]}</script>\n"...))
}

// flush writes the block.
func (w *Writer) flush() {
	if text := w.block.take(); len(text) > 0 {
		w.written += int64(len(text))
		w.write(text)
	}
}

func (w *Writer) write(text []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.out.Write(text); err != nil {
		w.err = fmt.Errorf("write the page: %w", err)
	}
}
