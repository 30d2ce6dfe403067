package trace

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// schema is the version of the JSON form.
const schema = 1

// JSON writes one [Event] a line. Calls are written at their end.
type JSON struct {
	out   Output
	o     object
	begun bool // the first event has been taken
}

var _ Sink = (*JSON)(nil)

// NewJSON makes a sink of JSON lines. The queue's lines for what is lost are
// [LostJSON]'s.
func NewJSON(out Output) *JSON { return &JSON{out: out, o: object{b: make([]byte, 0, 1024)}} }

// Enter writes nothing.
func (*JSON) Enter(*Call) {}

// Return writes a call.
func (j *JSON) Return(c *Call) {
	o := j.object(CallKind, c.PID, c.TID, c.Entered)
	o.number("duration_ns", int64(c.Duration()))
	o.text("arch", c.Text.Arch.String())
	o.number("number", int64(c.Text.Nr))
	o.text("syscall", c.Text.Name)
	if len(c.Text.Args) > 0 {
		o.key("args")
		for i := range c.Text.Args {
			o.open(i, '[')
			a := &c.Text.Args[i]
			inner := object{b: append(o.b, '{')}
			inner.must("name", a.Name)
			inner.hex("raw", a.Raw)
			inner.must("text", a.Text)
			inner.text("path", a.Path)
			o.b = append(inner.b, '}')
		}
		o.b = append(o.b, ']')
	}
	if c.Returned {
		o.hex("return", c.register())
		o.text("errno", c.Text.Errno)
	}
	o.text("result", c.Text.Result)
	if v := c.Verdict; v != nil {
		o.key("verdict")
		inner := object{b: append(o.b, '{')}
		inner.must("action", v.Action)
		inner.must("rule", v.Rule)
		o.b = append(inner.b, '}')
	}
	if len(c.Stack) > 0 {
		o.key("stack")
		for i, frame := range c.Stack {
			o.open(i, '[')
			o.b = appendJSON(o.b, frame)
		}
		o.b = append(o.b, ']')
	}
	j.put()
}

// Tell writes all else.
func (j *JSON) Tell(e *Event, _ int) {
	o := j.object(e.Kind, e.PID, e.TID, e.Time)
	o.text("signal", e.Signal)
	if e.Core {
		o.key("core")
		o.b = append(o.b, "true"...)
	}
	o.text("text", e.Text)
	if e.Exit != nil {
		o.key("exit")
		o.b = strconv.AppendInt(o.b, int64(*e.Exit), 10)
	}
	o.number("parent", int64(e.Parent))
	o.number("former", int64(e.Former))
	j.put()
}

// LostJSON is the line for lines that were dropped. It names no thread.
func LostJSON(b []byte, lines uint64) []byte {
	o := object{b: append(b, '{')}
	o.must("event", string(LostKind))
	o.digits("pid", 0)
	o.digits("tid", 0)
	o.time(time.Now())
	o.key("count")
	return append(strconv.AppendUint(o.b, lines, 10), "}\n"...)
}

// object begins an event with what all have.
func (j *JSON) object(kind Kind, pid, tid int, at time.Time) *object {
	o := &j.o
	o.b, o.has = append(o.b[:0], '{'), false
	if !j.begun {
		o.number("schema", schema)
	}
	o.must("event", string(kind))
	o.digits("pid", int64(pid))
	o.digits("tid", int64(tid))
	o.time(at)
	return o
}

func (j *JSON) put() {
	j.o.b = append(j.o.b, "}\n"...)
	if j.out.Put(j.o.b) {
		j.begun = true
	}
}

// object is a JSON object that is being written: encoding/json's text for the
// same values, without its reflection and its allocations.
type object struct {
	b   []byte
	has bool
}

func (o *object) key(name string) {
	if o.has {
		o.b = append(o.b, ',')
	}
	o.has = true
	o.b = append(append(append(o.b, '"'), name...), `":`...)
}

// open begins an array's element i.
func (o *object) open(i int, bracket byte) {
	if i > 0 {
		bracket = ','
	}
	o.b = append(o.b, bracket)
}

// must writes a text, text one that is not empty; digits and number likewise.
func (o *object) must(name, value string) {
	o.key(name)
	o.b = appendJSON(o.b, value)
}

func (o *object) text(name, value string) {
	if value != "" {
		o.must(name, value)
	}
}

func (o *object) digits(name string, value int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

func (o *object) number(name string, value int64) {
	if value != 0 {
		o.digits(name, value)
	}
}

func (o *object) hex(name string, value uint64) {
	o.key(name)
	o.b = append(strconv.AppendUint(append(o.b, `"0x`...), value, 16), '"')
}

func (o *object) time(t time.Time) {
	o.key("time")
	o.b = append(t.UTC().AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
}

const hexDigits = "0123456789abcdef"

// appendJSON appends s as a JSON string. Bytes that are no UTF-8 become
// U+FFFD, as encoding/json has it; strace's notation has none of them, but the
// name of a file may.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, `\n`...)
			case '\t':
				b = append(b, `\t`...)
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), `\ufffd`...)
			start = i + 1
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}
