package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"warder/abi"
	"warder/record"
	"warder/record/trace"
	"warder/regs"
	"warder/rules"
	"warder/unwind"
)

// traceForm is what a trace shows, and how.
type traceForm struct {
	out             string
	json            bool
	html            string
	express         []string
	summary, both   bool
	sort            string
	length          int
	column          int
	stamps          int
	relative, spent bool
	paths           []string
	files, stacks   bool
	good, bad       bool
	limit           int64 // of the trace's bytes; 0: none
	quiet           int
	entries         bool
}

func (f *traceForm) define(fs *pflag.FlagSet) {
	fs.StringVarP(&f.out, "output", "o", "", "write the trace to `FILE`, each line after its thread's id")
	fs.StringArrayVarP(&f.express, "expr", "e", nil, "trace=SET of calls, signal=SET, status=SET or quiet=SET: an `EXPRESSION` (repeatable)")
	fs.StringArrayVar(&f.express, "trace", nil, "a `SET` of calls, as -e trace=SET")
	fs.BoolVarP(&f.summary, "summary-only", "c", false, "print a table of calls, errors and times at the end, and no calls")
	fs.BoolVarP(&f.both, "summary", "C", false, "print that table besides")
	fs.StringVarP(&f.sort, "summary-sort-by", "S", "time", "order of the table: time, calls, errors, name, avg-time, min-time, max-time or nothing: a `KEY`")
	fs.IntVarP(&f.length, "string-limit", "s", 32, "print this `MANY` bytes of a string at most")
	fs.IntVarP(&f.column, "columns", "a", 40, "put what was returned in this `COLUMN`")
	fs.CountVarP(&f.stamps, "absolute-timestamps", "t", "begin lines with the time of day; -tt with microseconds, -ttt seconds since 1970")
	fs.BoolVarP(&f.relative, "relative-timestamps", "r", false, "begin lines with the time since the one before")
	fs.BoolVarP(&f.spent, "syscall-times", "T", false, "end lines with the time from entry to return")
	fs.BoolVarP(&f.files, "decode-fds", "y", false, "show what descriptors are open on")
	fs.BoolVarP(&f.stacks, "stack-traces", "k", false, "print a backtrace for each call")
	fs.BoolVarP(&f.good, "successful-only", "z", false, "only calls that succeed")
	fs.BoolVarP(&f.bad, "failed-only", "Z", false, "only calls that fail")
	fs.StringArrayVarP(&f.paths, "trace-path", "P", nil, "only calls that name `PATH` or use a descriptor of it (repeatable)")
	fs.CountVarP(&f.quiet, "quiet", "q", "do not tell of new threads; -qq nor of exits")
	fs.BoolVar(&f.entries, "no-returns", false, "do not wait for what calls return: each stops once, and its result is ?")
	fs.BoolVar(&f.json, "json", false, "write JSON, one object a line (docs/trace.md)")
	fs.StringVar(&f.html, "html", "", "write a page into `FILE` that shows, filters and searches the calls")
}

// recording is an open trace.
type recording struct {
	form      *traceForm
	filter    trace.Filter
	sort      trace.Sort
	collector *trace.Collector
	table     *trace.Summary
	queue     *trace.Queue
	page      *pageFile
	w         io.Writer
	close1    []io.Closer
}

// outputPatience is how long a slow reader of the trace is waited for at the end.
const outputPatience = 10 * time.Second

// check reads what the flags say.
func (f *traceForm) check(r *recording) (err error) {
	for _, e := range f.express {
		if err := r.filter.Set(e); err != nil {
			return err
		}
	}
	if r.sort, err = trace.ParseSort(f.sort); err != nil {
		return err
	}
	switch {
	case f.summary && f.both:
		return errors.New("-c and -C: give one of them")
	case f.summary && (f.json || f.html != ""):
		return errors.New("-c prints no calls: leave out --json and --html, or give -C")
	case f.entries && (f.good || f.bad || f.summary || f.both):
		return errors.New("--no-returns: -z, -Z, -c and -C need what calls return")
	case f.good && f.bad:
		return errors.New("-z and -Z: give one of them")
	case f.length < 0:
		return fmt.Errorf("-s %d: want 0 or more", f.length)
	case f.column < 0:
		return fmt.Errorf("-a %d: want 0 or more", f.column)
	case f.stamps > 3:
		return errors.New("-t: at most three")
	}
	if f.good {
		r.filter.Status = trace.Successful
	}
	if f.bad {
		r.filter.Status = trace.Failed
	}
	if f.quiet > 0 {
		r.filter.Quiet |= trace.QuietAttach | trace.QuietPaths | trace.QuietPersonality
	}
	if f.quiet > 1 {
		r.filter.Quiet |= trace.QuietExit | trace.QuietSuperseded
	}
	return nil
}

// open opens the outputs. mode says what is done when they are slow; text on
// standard error is written at once.
func (f *traceForm) open(command []string, mode trace.Mode, policy *rules.Policy) (*recording, error) {
	r := &recording{form: f, w: plain(os.Stderr)}
	if err := f.check(r); err != nil {
		return nil, err
	}
	if f.out != "" {
		file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return nil, fmt.Errorf("-o: %w", err)
		}
		r.w, r.close1 = file, append(r.close1, file)
		if f.limit > 0 {
			r.w = &capped{file, f.limit}
		}
	} else if mode == trace.Wait {
		mode = trace.Through
	}
	var sinks trace.Tee
	opt := trace.QueueOptions{Mode: mode}
	if f.json {
		opt.Lost = trace.LostJSON
	}
	r.queue = trace.NewQueue(r.w, opt)
	switch {
	case f.summary:
	case f.json:
		sinks = append(sinks, trace.NewJSON(r.queue))
	case f.html != "" && f.out == "":
		// The page is the trace.
	default:
		sinks = append(sinks, trace.NewText(r.queue, f.text(r)))
	}
	if f.html != "" {
		var err error
		if r.page, err = openPage(f.html, command, policy); err != nil {
			return nil, errors.Join(err, multi(r.close1).Close())
		}
		sinks = append(sinks, trace.Func(r.page.add))
	}
	if f.summary || f.both {
		r.table = new(trace.Summary)
		sinks = append(sinks, r.table)
	}
	r.collect(sinks, policy)
	return r, nil
}

func (f *traceForm) text(r *recording) trace.TextOptions {
	opt := trace.TextOptions{
		Clock: []trace.Clock{0, trace.Seconds, trace.Micros, trace.Unix}[f.stamps], Relative: f.relative, Spent: f.spent,
		Column: f.column, Signals: r.filter.Signals, Attached: true,
	}
	if f.column == 0 {
		opt.Column = 1
	}
	if f.out != "" {
		opt.Prefix, opt.Attached = trace.Bare, false
	}
	return r.filter.Quiet.Text(opt)
}

func (r *recording) collect(sink trace.Sink, policy *rules.Policy) {
	f := r.form
	opt := trace.Options{
		Sink: sink, Calls: r.filter.Calls, Status: r.filter.Status, Signals: r.filter.Signals,
		MaxString: f.length, Descriptors: f.files, Undecoded: f.summary, Policy: policy,
	}
	if f.length == 0 {
		opt.MaxString = -1
	}
	if f.entries {
		opt.Returns = new(trace.Set)
	}
	if len(f.paths) > 0 {
		opt.Paths = trace.NewPaths(f.paths...)
	}
	if f.stacks {
		opt.Stack = stacks(unwind.New(unwind.Config{}))
	}
	r.collector = trace.NewCollector(opt)
}

// calls are those that have to stop, nil for all.
func (r *recording) calls() []string {
	if r.filter.Calls == nil || r.filter.Calls.All() {
		return nil
	}
	names := r.filter.Calls.Names(abi.Native())
	if names == nil {
		names = []string{}
	}
	return names
}

// close ends the trace. end says how the program ended where its events do not.
func (r *recording) close(end string) error {
	r.collector.Close()
	err := r.queue.Close(outputPatience)
	var lost *trace.LostError
	if errors.As(err, &lost) && errors.Is(lost.Err, os.ErrClosed) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("trace: %w", err)
	}
	if r.table != nil && err == nil {
		w := bufio.NewWriter(r.w)
		err = r.table.Write(w, r.sort)
		err = errors.Join(err, w.Flush())
	}
	if r.page != nil {
		err = errors.Join(err, r.page.close(end))
	}
	return errors.Join(err, multi(r.close1).Close())
}

// stacks gives a thread's backtrace in strace's words for -k:
// FILE(FUNCTION+0x12) [0x1149], and the source where it is known.
func stacks(u *unwind.Unwinder) func(tid int) []string {
	return func(tid int) []string {
		r, err := regs.Read(tid)
		if err != nil {
			return nil
		}
		p, err := unwind.Live(tid)
		if err != nil {
			return nil
		}
		var lines []string
		for _, f := range u.Backtrace(p, r).Frames {
			module, name := f.Module, f.Function
			if module == "" {
				module = "[anon]"
			}
			var b strings.Builder
			b.WriteString(module)
			if name != "" {
				fmt.Fprintf(&b, "(%s+%#x)", name, f.FunctionOffset)
			} else {
				b.WriteString("()")
			}
			fmt.Fprintf(&b, " [%#x]", f.Offset)
			if f.File != "" {
				fmt.Fprintf(&b, " %s:%d", f.File, f.Line)
			}
			lines = append(lines, record.Clean(b.String()))
		}
		return lines
	}
}
