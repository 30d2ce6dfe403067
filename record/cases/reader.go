// Package cases reads recorded calls back: the JSON lines of a trace, as
// package record/trace writes them, and the calls in them as a policy sees
// calls, registers and all.
//
// # Limits
//
// A trace is read as a stream, one line of at most [MaxLine] bytes at a time;
// what it says is believed. A register that the trace does not show, the mode
// of an open without O_CREAT for instance, is not known. A trace does not say
// in which stage a call was made unless its lines have the key stage.
package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"warder/record/trace"
	"warder/rules"
)

// MaxLine is the length of the longest line of a trace, in bytes: far more
// than a call with its arguments and a stack comes to.
const MaxLine = 1 << 20

// Line is one line of a trace.
type Line struct {
	trace.Event
	// What a trace does not have, and a person may add: the stage of a call,
	// and what is expected of a policy, as in rules.ParseCases.
	Stage  string `json:"stage,omitempty"`
	Expect string `json:"expect,omitempty"`
	Files  string `json:"files,omitempty"`

	Number int `json:"-"` // from 1
}

// Error is a line that is not one of a trace.
type Error struct {
	Source string
	Line   int
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.Source, e.Line, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Reader reads a trace line by line.
type Reader struct {
	source string
	lines  *bufio.Scanner
	number int
	first  bool // no event was seen yet
}

// NewReader reads the trace in r; source is its name in errors.
func NewReader(source string, r io.Reader) *Reader {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	return &Reader{source: source, lines: lines, first: true}
}

// Next gives the next line that is not empty. The error is io.EOF at the end,
// and an *[Error] for what is no line of a trace.
func (r *Reader) Next() (*Line, error) {
	for r.lines.Scan() {
		r.number++
		text := bytes.TrimSpace(r.lines.Bytes())
		if len(text) == 0 {
			continue
		}
		l := &Line{Number: r.number}
		if err := json.Unmarshal(text, l); err != nil {
			return nil, r.fail(fmt.Errorf("not a line of a trace: %w", err))
		}
		if err := r.check(l); err != nil {
			return nil, r.fail(err)
		}
		r.first = false
		return l, nil
	}
	r.number++
	switch err := r.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, r.fail(fmt.Errorf("a line of more than %d bytes", MaxLine))
	case err != nil:
		return nil, r.fail(err)
	}
	return nil, io.EOF
}

func (r *Reader) fail(err error) error { return &Error{r.source, r.number, err} }

// schema is the form of traces that is understood.
const schema = 1

var (
	errNoEvent = errors.New(`no event: a line of a trace has the key "event"`)
	errNoPID   = errors.New("a process id below 1")
)

func (r *Reader) check(l *Line) error {
	switch {
	case l.Schema != 0 && l.Schema != schema || r.first && l.Schema == 0 && l.Kind == "":
		if l.Schema == 0 {
			return errNoEvent
		}
		return fmt.Errorf("schema %d: this warder reads schema %d", l.Schema, schema)
	case l.Kind == "":
		return errNoEvent
	case l.PID < 1 && l.Kind != trace.LostKind:
		return errNoPID
	}
	return nil
}

// StageOf is the stage that a line names; AnyStage where it names none.
func (l *Line) StageOf() (rules.Stage, error) {
	switch l.Stage {
	case "":
		return rules.AnyStage, nil
	case "loader":
		return rules.Loader, nil
	case "main":
		return rules.Main, nil
	}
	return 0, fmt.Errorf("unknown stage %q: loader or main", l.Stage)
}
