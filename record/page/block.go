package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"warder/abi"
	"warder/record/trace"
)

// Sizes of a block: what is lost of a recording whose writer is killed, and
// what the page parses to show one call's details.
const (
	blockEvents = 1000
	blockBytes  = 1 << 20
)

// block is the events that are not written yet, by column: one number per
// event where that will do, for a browser reads columns fastest. What only the
// page's detail pane shows is a list of its own, which it reads when it needs
// it.
//
// Texts are numbers of strings, counted over the whole page; the new ones
// come with the block. So do threads and descriptions of calls.
type block struct {
	ids, times, durations, threads, calls []byte
	args                                  []byte // how many, then each
	results, errnos, verdicts             []byte
	kinds                                 []byte
	more                                  []byte
	n                                     int

	number int64     // of the event before
	time   time.Time // its time

	strings     table
	threadIndex map[[2]int]int
	newThreads  []byte
	callIndex   map[string]int
	newCalls    []byte
	key         []byte
}

func newBlock() block {
	return block{strings: newTable(), threadIndex: make(map[[2]int]int), callIndex: make(map[string]int)}
}

func (b *block) full() bool { return b.n >= blockEvents || b.size() >= blockBytes }

// size is about the length that take will give.
func (b *block) size() int64 {
	return int64(len(b.ids) + len(b.times) + len(b.durations) + len(b.threads) + len(b.calls) + len(b.args) + len(b.results) +
		len(b.errnos) + len(b.verdicts) + len(b.kinds) + len(b.more) + len(b.strings.fresh) + len(b.newThreads) + len(b.newCalls))
}

// kindDigits are what page's data.js knows the kinds by.
var kindDigits = map[trace.Kind]byte{
	trace.CallKind: '0', trace.SignalKind: '1', trace.StopKind: '2', trace.BirthKind: '3', trace.EndKind: '4', trace.LostKind: '5',
}

func (b *block) add(e *trace.Event, number int64) {
	row := b.n
	b.n++
	digit, known := kindDigits[e.Kind]
	if !known {
		digit = '0'
	}
	b.kinds = append(b.kinds, digit)
	b.ids = item(b.ids, number-b.number)
	b.number = number
	b.times = item(b.times, e.Time.Sub(b.time).Nanoseconds())
	b.time = e.Time
	b.durations = item(b.durations, max(e.Duration, 0).Nanoseconds())
	b.threads = item(b.threads, int64(b.thread(e.PID, e.TID)))
	b.calls = item(b.calls, int64(b.call(e)))
	b.args = item(b.args, int64(len(e.Args)))
	for i := range e.Args {
		b.args = item(b.args, int64(b.strings.number(e.Args[i].Text)))
	}
	result := e.Result
	if e.Kind != trace.CallKind {
		result = told(e)
	}
	b.results = item(b.results, int64(b.strings.number(result)))
	b.errnos = item(b.errnos, int64(b.strings.number(e.Errno)))
	if v := e.Verdict; v != nil {
		b.verdicts = item(b.verdicts, int64(row))
		b.verdicts = item(b.verdicts, int64(b.strings.number(v.Action)))
		b.verdicts = item(b.verdicts, int64(b.strings.number(v.Rule)))
	}
	b.detail(e)
}

// detail: the returned register, the arguments' registers, whole file names
// (1 where the argument's text is the name in quotes), the stack.
func (b *block) detail(e *trace.Event) {
	if len(b.more) > 0 {
		b.more = append(b.more, ',')
	}
	if len(e.Args) == 0 && len(e.Stack) == 0 && e.Value == "" {
		b.more = append(b.more, '0')
		return
	}
	b.more = append(b.more, '[')
	b.more = appendText(b.more, e.Value)
	b.more = append(b.more, ",["...)
	paths := false
	for i := range e.Args {
		if i > 0 {
			b.more = append(b.more, ',')
		}
		b.more = appendText(b.more, e.Args[i].Raw)
		paths = paths || e.Args[i].Path != ""
	}
	b.more = append(b.more, "],["...)
	if paths {
		for i := range e.Args {
			if i > 0 {
				b.more = append(b.more, ',')
			}
			switch a := &e.Args[i]; {
			case a.Path == "":
				b.more = append(b.more, '0')
			case len(a.Text) == len(a.Path)+2 && a.Text[1:len(a.Text)-1] == a.Path:
				b.more = append(b.more, '1')
			default:
				b.more = appendText(b.more, a.Path)
			}
		}
	}
	b.more = append(b.more, "],["...)
	for i, frame := range e.Stack {
		if i > 0 {
			b.more = append(b.more, ',')
		}
		b.more = strconv.AppendInt(b.more, int64(b.strings.number(frame)), 10)
	}
	b.more = append(b.more, "]]"...)
}

func (b *block) thread(pid, tid int) int {
	key := [2]int{pid, tid}
	index, known := b.threadIndex[key]
	if !known {
		index = len(b.threadIndex)
		b.threadIndex[key] = index
		b.newThreads = item(b.newThreads, int64(pid))
		b.newThreads = item(b.newThreads, int64(tid))
	}
	return index
}

// call gives the number of a description: architecture, number, name, class
// and names of arguments, of which a call may have more or fewer.
func (b *block) call(e *trace.Event) int {
	name, class := e.Name, 0
	switch e.Kind {
	case trace.SignalKind, trace.StopKind:
		name, class = e.Signal, classOf(abi.Signals)
	case trace.BirthKind, trace.EndKind:
		name, class = string(e.Kind), classOf(abi.Process)
	case trace.LostKind:
		name, class = "lost", classOf(0)
	}
	key := append(b.key[:0], e.Kind...)
	key = append(append(append(key, 0), e.Arch...), 0)
	key = append(append(append(key, name...), 0), strconv.Itoa(int(e.Number))...)
	for i := range e.Args {
		key = append(append(key, 0), e.Args[i].Name...)
	}
	b.key = key
	index, known := b.callIndex[string(key)]
	if known {
		return index
	}
	if e.Kind == trace.CallKind {
		sig, _ := abi.Lookup(e.Name) // a name that no table has is of no class
		class = classOf(sig.Class)
	}
	index = len(b.callIndex)
	b.callIndex[string(key)] = index
	if len(b.newCalls) > 0 {
		b.newCalls = append(b.newCalls, ',')
	}
	b.newCalls = append(b.newCalls, '[')
	b.newCalls = appendText(b.newCalls, name)
	b.newCalls = fmt.Appendf(b.newCalls, ",%d,", class)
	b.newCalls = appendText(b.newCalls, e.Arch)
	b.newCalls = fmt.Appendf(b.newCalls, ",%d", e.Number)
	for i := range e.Args {
		b.newCalls = appendText(append(b.newCalls, ','), e.Args[i].Name)
	}
	b.newCalls = append(b.newCalls, ']')
	return index
}

// take gives the block's text and empties it; no text where there is no event.
func (b *block) take() []byte {
	if b.n == 0 {
		return nil
	}
	text := make([]byte, 0, b.size()+512)
	text = append(text, `<script type="application/json" class="rows">{"kind":"`...)
	text = append(append(text, b.kinds...), '"')
	b.kinds = b.kinds[:0]
	for _, column := range []struct {
		name string
		list *[]byte
	}{
		{"id", &b.ids},
		{"time", &b.times},
		{"duration", &b.durations},
		{"thread", &b.threads},
		{"call", &b.calls},
		{"args", &b.args},
		{"result", &b.results},
		{"errno", &b.errnos},
		{"verdict", &b.verdicts},
		{"threads", &b.newThreads},
		{"calls", &b.newCalls},
		{"strings", &b.strings.fresh},
	} {
		text = append(append(append(text, `,"`...), column.name...), `":[`...)
		text = append(append(text, *column.list...), ']')
		*column.list = (*column.list)[:0]
	}
	text = append(text, "}</script>\n<script type=\"application/json\" class=\"more\">["...)
	text = append(append(text, b.more...), "]</script>\n"...)
	b.more, b.n = b.more[:0], 0
	return text
}

// item appends a number to a list.
func item(list []byte, v int64) []byte {
	if len(list) > 0 {
		list = append(list, ',')
	}
	return strconv.AppendInt(list, v, 10)
}

// told is what an event that is no call says.
func told(e *trace.Event) string {
	switch e.Kind {
	case trace.SignalKind:
		return e.Text
	case trace.StopKind:
		return strings.TrimSpace("stopped by " + e.Signal)
	case trace.BirthKind:
		return fmt.Sprintf("made by %d", e.Parent)
	case trace.EndKind:
		return ending(e)
	case trace.LostKind:
		return fmt.Sprintf("%d events were dropped here: the recorder was too slow", e.Count)
	}
	return e.Text
}

func ending(e *trace.Event) string {
	switch {
	case e.Signal != "":
		return "killed by " + e.Signal
	case e.Exit != nil:
		return fmt.Sprintf("exited with %d", *e.Exit)
	}
	return "ended"
}
