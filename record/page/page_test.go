package page_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"warder/record/page"
	"warder/record/trace"
)

// hostile are strings that a traced program would choose to get out of the
// element that holds them.
var hostile = []string{
	`</script><script>document.title="out"</script>`, `</SCRIPT >`, `<!--<script>`, `-->`, `]]>`, `<img src=x onerror=alert(1)>`,
	`"];alert(1);//`, `\"`, `\\`, `&lt;b&gt;`, "line\u2028end\u2029", "\xff\xfe\x80", "a\x00b", "tab\tand\nline", "\u202egnp.exe", "\ufeff", "\u00a0",
	"${alert(1)}", "`", "日本語 ünï", "🙂", strings.Repeat("<", 300), "@SCRIPT@ @STYLE@ @TITLE@", "__proto__", "constructor",
}

// everywhere is events with s wherever an event has a string.
func everywhere(s string) []trace.Event {
	zero := 0
	base := trace.Event{PID: 1, TID: 1, Time: began}
	list := []trace.Event{
		{
			Kind: trace.CallKind, Arch: s, Name: s, Value: s, Errno: s, Result: s, Stack: []string{s, s}, Verdict: &trace.Verdict{Action: s, Rule: s},
			Args: []trace.Arg{{Name: s, Raw: s, Text: s, Path: s}, {Name: s, Raw: s, Text: `"` + s + `"`, Path: s}},
		},
		{Kind: trace.SignalKind, Signal: s, Text: s},
		{Kind: trace.StopKind, Signal: s},
		{Kind: trace.BirthKind, Parent: 1},
		{Kind: trace.EndKind, Signal: s},
		{Kind: trace.EndKind, Exit: &zero},
		{Kind: trace.LostKind, Count: 3},
		{Kind: trace.Kind(s), Text: s},
	}
	for i := range list {
		list[i].PID, list[i].TID, list[i].Time = base.PID, base.TID, base.Time
	}
	return list
}

func hostileOptions(s string) page.Options {
	return page.Options{Command: []string{s, s}, Policy: s, Version: s}
}

// element is one script element with data, or any tag else.
var (
	dataElement = regexp.MustCompile(`(?s)<script type="application/json"[^>]*>(.*?)</script>`)
	anyTag      = regexp.MustCompile(`<[/!a-zA-Z]`)
)

// TestHostile shows that no string gets out of where it is: each data element
// holds no "<" and is JSON, and around them is what is around them for an
// innocent string, whatever the string.
func TestHostile(t *testing.T) {
	around := func(s string) string {
		text := written(t, hostileOptions(s), s, everywhere(s))
		for _, m := range dataElement.FindAllSubmatch(text, -1) {
			if bytes.ContainsAny(m[1], "<>&\u2028\u2029\x00") || !bytes.Equal(bytes.ToValidUTF8(m[1], nil), m[1]) {
				t.Errorf("%q: raw in the page: %.200q", s, m[1])
			}
			if !json.Valid(m[1]) {
				t.Errorf("%q: not JSON: %.300s", s, m[1])
			}
		}
		rest := dataElement.ReplaceAll(text, []byte("DATA"))
		title := regexp.MustCompile(`(?s)<title>(.*?)</title>`).FindSubmatchIndex(rest)
		if title == nil || anyTag.Match(rest[title[2]:title[3]]) {
			t.Errorf("%q: the title is not one", s)
			return ""
		}
		return string(slices.Concat(rest[:title[2]], rest[title[3]:]))
	}
	want := around("innocent")
	if n := strings.Count(want, "DATA"); n != 4 {
		t.Fatalf("%d data elements, not 4", n)
	}
	for _, s := range hostile {
		if around(s) != want {
			t.Errorf("%q: the page around its data is another", s)
		}
	}
}

// FuzzText holds the same for any string.
func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := written(t, hostileOptions(s), s, everywhere(s))
		all := dataElement.FindAllSubmatch(text, -1)
		if len(all) != 4 {
			t.Fatalf("%q: %d data elements, not 4", s, len(all))
		}
		for _, m := range all {
			if bytes.ContainsAny(m[1], "<>&") || !json.Valid(m[1]) {
				t.Fatalf("%q: %.300q", s, m[1])
			}
		}
	})
}

// read is a page's data, as its script reads them.
type read struct {
	Kind                                                                    string
	ID, Time, Duration, Thread, Call, Args, Result, Errno, Verdict, Threads []int64
	Strings                                                                 []string
	Calls                                                                   [][]any
}

type ending struct {
	Total, Left, Lost, Length int64
	Exit, Outcome             string
	LeftNames                 [][2]any
}

func parse(t *testing.T, text []byte) (rows []read, tail ending) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?s)class="rows">(.*?)</script>`).FindAllSubmatch(text, -1) {
		var r read
		if err := json.Unmarshal(m[1], &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if m := regexp.MustCompile(`(?s)id="tail">(.*?)</script>`).FindSubmatch(text); m != nil {
		if err := json.Unmarshal(m[1], &tail); err != nil {
			t.Fatal(err)
		}
	}
	return rows, tail
}

// TestColumns reads a recording back from its page.
func TestColumns(t *testing.T) {
	events := recording()
	rows, tail := parse(t, written(t, recordingOptions, "", events))
	texts := []string{""}
	var threads [][2]int64
	var calls [][]any
	i, id, at := 0, int64(0), int64(0)
	for _, r := range rows {
		texts = append(texts, r.Strings...)
		for k := 0; k < len(r.Threads); k += 2 {
			threads = append(threads, [2]int64{r.Threads[k], r.Threads[k+1]})
		}
		calls = append(calls, r.Calls...)
		args := r.Args
		for k := range r.Kind {
			e := &events[i]
			i++
			id += r.ID[k]
			at += r.Time[k]
			if id != int64(i) || at != e.Time.Sub(events[0].Time).Nanoseconds() || r.Duration[k] != e.Duration.Nanoseconds() {
				t.Fatalf("event %d: id %d, at %d, %d long: %+v", i, id, at, r.Duration[k], e)
			}
			if th := threads[r.Thread[k]]; th != [2]int64{int64(e.PID), int64(e.TID)} {
				t.Fatalf("event %d: thread %v: %+v", i, th, e)
			}
			n := int(args[0])
			if n != len(e.Args) {
				t.Fatalf("event %d: %d arguments: %+v", i, n, e)
			}
			for a := range n {
				if texts[args[1+a]] != e.Args[a].Text {
					t.Fatalf("event %d: argument %q: %+v", i, texts[args[1+a]], e)
				}
			}
			args = args[1+n:]
			if call := calls[r.Call[k]]; e.Kind == trace.CallKind && (call[0] != e.Name || texts[r.Result[k]] != e.Result || texts[r.Errno[k]] != e.Errno) {
				t.Fatalf("event %d: %v: %+v", i, call, e)
			}
		}
	}
	if i != len(events) || tail.Total != int64(i) || tail.Left != 0 || tail.Exit != "killed by SIGKILL" {
		t.Errorf("%d events of %d; the end says %+v", i, len(events), tail)
	}
}

// TestBounds: calls beyond the bound are left out and counted; what a policy
// did not allow is still there.
func TestBounds(t *testing.T) {
	events := many(5000)
	last := trace.Event{Kind: trace.CallKind, PID: 700, TID: 700, Time: began.Add(time.Second), Name: "ptrace", Arch: "x86_64", Result: "?", Verdict: &trace.Verdict{Action: "kill", Rule: "x"}}
	for _, c := range []struct {
		name     string
		opt      page.Options
		want     int
		atLeast  int
		maxBytes int64
	}{
		{name: "events", opt: page.Options{MaxEvents: 1500}, want: 1501},
		{name: "bytes", opt: page.Options{MaxBytes: 100_000}, atLeast: 500, maxBytes: 101_000},
		{name: "neither", opt: page.Options{MaxEvents: -1, MaxBytes: -1}, want: 5001},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := written(t, c.opt, "", append(slices.Clone(events), last))
			rows, tail := parse(t, text)
			n, verdicts, size := 0, 0, int64(0)
			for _, m := range dataElement.FindAllSubmatch(text, -1) {
				size += int64(len(m[0]))
			}
			for _, r := range rows {
				n += len(r.Kind)
				verdicts += len(r.Verdict) / 3
			}
			if n < c.atLeast || c.want != 0 && n != c.want || c.maxBytes != 0 && size > c.maxBytes {
				t.Errorf("%d events in %d bytes", n, size)
			}
			if verdicts != 1 {
				t.Errorf("%d verdicts: the last call's is not there", verdicts)
			}
			left := 0.0
			for _, name := range tail.LeftNames {
				left += name[1].(float64)
			}
			if tail.Total != 5001 || tail.Left != int64(5001-n) || int64(left) != tail.Left {
				t.Errorf("%d events are in the page; its end says %+v", n, tail)
			}
		})
	}
}

// TestReserve: what is kept beyond the bound has a bound of its own.
func TestReserve(t *testing.T) {
	var events []trace.Event
	for range 1000 {
		events = append(events, trace.Event{Kind: trace.SignalKind, PID: 1, TID: 1, Time: began, Signal: "SIGALRM"})
	}
	rows, tail := parse(t, written(t, page.Options{MaxEvents: 400}, "", events))
	if len(rows) != 1 || len(rows[0].Kind) != 450 || tail.Left != 550 {
		t.Errorf("%d blocks, %d left out", len(rows), tail.Left)
	}
}

// TestMemory: a writer keeps little of a long recording.
func TestMemory(t *testing.T) {
	var out counted
	w := page.New(&out, page.Options{MaxEvents: math.MaxInt, MaxBytes: math.MaxInt64})
	e := many(1)[0]
	largest := 0
	for i := range 600_000 {
		e.Args[1].Text = strconv.Itoa(i) + " " + "some file name that is long enough to fill memory where it would be kept"
		e.Time = began.Add(time.Duration(i))
		if err := w.Add(&e); err != nil {
			t.Fatal(err)
		}
		largest = max(largest, out.last)
		out.last = 0
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 40<<20 {
		t.Errorf("%d bytes are kept", memory.HeapAlloc)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.all < 30<<20 || out.writes < 590 || largest > 2<<20 {
		t.Errorf("%d bytes in %d writes, the largest of %d", out.all, out.writes, largest)
	}
}

type counted struct{ all, last, writes int }

func (c *counted) Write(p []byte) (int, error) {
	c.all += len(p)
	c.last = len(p)
	c.writes++
	return len(p), nil
}

type broken struct{ after int }

var errBroken = errors.New("no space")

func (b *broken) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestErrors: the writer's error is told once it is known, and again.
func TestErrors(t *testing.T) {
	for after := range 4 {
		w := page.New(&broken{after}, page.Options{})
		var err error
		for _, e := range many(1500) {
			if err = w.Add(&e); err != nil {
				break
			}
		}
		if closed := w.Close(); !errors.Is(closed, errBroken) || err != nil && !errors.Is(err, errBroken) {
			t.Errorf("after %d writes: %v, at the end %v", after, err, closed)
		}
	}
	w := page.New(&broken{99}, page.Options{})
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if err := w.Add(&trace.Event{}); err == nil {
		t.Error("an event after the end was taken")
	}
}

// TestContrast holds the colours to WCAG: 4.5 for text, 3 for bars.
func TestContrast(t *testing.T) {
	text := string(written(t, page.Options{}, "", nil))
	dark := strings.Index(text, ":root:not([data-theme")
	forced := strings.Index(text, `:root[data-theme="dark"] {`)
	light, night := variables(text[:dark]), variables(text[dark:forced])
	again := variables(text[forced : forced+strings.Index(text[forced:], "}")])
	if fmt.Sprint(night) != fmt.Sprint(again) || len(night) < 20 {
		t.Errorf("two lists of dark colours: %v and %v", night, again)
	}
	for name, colours := range map[string]map[string][3]float64{"light": light, "dark": night} {
		check := func(a, b string, least float64) {
			if got := contrast(colours[a], colours[b]); got < least {
				t.Errorf("%s: %s on %s: %.2f, less than %.1f", name, a, b, got, least)
			}
		}
		for _, ground := range []string{"ground", "panel", "hover", "chosen", "bad-ground", "faint"} {
			check("text", ground, 4.5)
			check("bad", ground, 4.5)
			check("soft", ground, 4.5)
		}
		check("text", "warn", 4.5)
		check("on-mark", "mark", 4.5)
		check("panel", "bad", 4.5)
		check("accent", "panel", 4.5)
		for colour := range colours {
			if strings.HasPrefix(colour, "c-") {
				check(colour, "panel", 3)
				check("on-bar", colour, 4.5)
			}
		}
	}
}

func variables(css string) map[string][3]float64 {
	found := map[string][3]float64{}
	for _, m := range regexp.MustCompile(`--([\w-]+):#([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		v, _ := strconv.ParseUint(m[2], 16, 32)
		found[m[1]] = [3]float64{float64(v>>16) / 255, float64(v>>8&255) / 255, float64(v&255) / 255}
	}
	return found
}

func contrast(a, b [3]float64) float64 {
	light := func(c [3]float64) float64 {
		for i, v := range c {
			if c[i] = v / 12.92; v > 0.04045 {
				c[i] = math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func ExampleWriter() {
	var out bytes.Buffer
	w := page.New(&out, page.Options{Command: []string{"true"}})
	zero := 0
	if err := w.Add(&trace.Event{Kind: trace.EndKind, PID: 1, TID: 1, Time: time.Unix(0, 0), Exit: &zero}); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Contains(out.String(), "<title>warder trace: true</title>"))
	// Output: true
}

func BenchmarkAdd(b *testing.B) {
	events := many(100_000)
	var out counted
	w := page.New(&out, page.Options{MaxEvents: math.MaxInt, MaxBytes: math.MaxInt64})
	i := 0
	for b.Loop() {
		if err := w.Add(&events[i%len(events)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(out.all)/float64(b.N), "bytes/event")
}
