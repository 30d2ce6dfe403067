package main

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"warder/record/trace"
	"warder/tracer"
	"warder/unwind"
)

// recordedFlags have a held program's calls recorded.
type recordedFlags struct {
	file, calls string
	limit       int64
	backtrace   bool
}

// errTraceFull ends the writing of a trace, not the session.
var errTraceFull = errors.New("the file has the size that --trace-limit allows, and what came later is not in it")

// capped is a file that takes so many bytes.
type capped struct {
	w    io.Writer
	left int64
}

func (l *capped) Write(p []byte) (int, error) {
	if l.left >= 0 && int64(len(p)) > l.left {
		return 0, errTraceFull
	}
	l.left -= int64(len(p))
	return l.w.Write(p)
}

func (f *recordedFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.file, "trace", "", "record the program's calls in `FILE`: JSON lines where it ends in .json or .jsonl, a page in .html, else strace's text; every call stops")
	f.limit = 64 << 20
	fs.Var(&quantity{&f.limit, parseSize, size}, "trace-limit", "`SIZE` that the file of --trace may have, or unlimited")
	fs.BoolVar(&f.backtrace, "backtrace", false, "add a backtrace to a violation, with functions, files and lines: it may take longer than the program")
	fs.StringVar(&f.calls, "trace-calls", "", "record the calls of a `SET` only, as of warder trace -e: the others do not stop for it")
}

// open opens the trace that was asked for, or none: nil. The session's budgets
// go on while it is written, so a line that there is no room for is dropped
// and counted.
func (f *recordedFlags) open(cfg *tracer.Config) (*recording, error) {
	if f.backtrace {
		cfg.Hooks.Violation = addBacktrace
	}
	if f.file == "" {
		if f.calls != "" {
			return nil, errors.New("--trace-calls without --trace FILE")
		}
		return nil, nil
	}
	form := traceForm{sort: "time", length: 32, column: 40, limit: f.limit}
	if f.calls != "" {
		form.express = []string{"trace=" + f.calls}
	}
	switch {
	case strings.HasSuffix(f.file, ".html"):
		form.html = f.file
	case strings.HasSuffix(f.file, ".json"), strings.HasSuffix(f.file, ".jsonl"):
		form.out, form.json = f.file, true
	default:
		form.out = f.file
	}
	r, err := form.open(cfg.Args, trace.Drop, cfg.Policy)
	if err != nil {
		return nil, err
	}
	cfg.Trace = &tracer.Tracing{Calls: r.calls(), Witness: r.collector}
	return r, nil
}

// finish ends a held program's trace. What went wrong with it is told and
// changes no status: the session was held all the same.
func (r *recording) finish(result *tracer.Result) {
	end := ""
	if result != nil {
		end = result.Outcome.String()
	}
	if err := r.close(end); err != nil {
		complain(err)
	}
}

// addBacktrace adds its caller's backtrace to a violation. What cannot be read is
// left out: the violation stands.
func addBacktrace(t *tracer.Tracee, v *tracer.Violation) {
	r, err := t.Regs()
	if err != nil {
		return
	}
	p, err := unwind.Live(t.TID())
	if err != nil {
		return
	}
	for _, f := range unwind.New(unwind.Config{}).Backtrace(p, r).Frames {
		v.Backtrace = append(v.Backtrace, f.String())
	}
}
