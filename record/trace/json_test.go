package trace_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warder/record/trace"
	"warder/rules"
)

// everything is a program whose events have every field.
func everything(p *program) {
	p.c.Born(100, 101, 100)
	p.c.Born(100, 102, 100)
	p.after(time.Millisecond).enter(100, "openat", atFDCWD, 0x1000, 0)
	p.after(1234567)
	p.c.Return(100, 100, 3, false)
	p.fail(101, enoent, "openat", atFDCWD, 0x4000, 0)
	p.call(101, 6, "write", 1, 0x2000, 6)
	p.c.Enter(100, 100, nativeCall(p.t, "mkdirat", atFDCWD, 0x1000, 0o755),
		&rules.Verdict{Action: rules.Action{Kind: rules.Errno, Errno: 1}, Rule: 0})
	p.c.Signal(100, 100, 17, nil)
	p.c.Stopped(100, 100, 19)
	p.enter(102, "execve", 0x1000, 0, 0)
	p.c.Executed(100, 102)
	p.c.Return(100, 100, 0, false)
	p.enter(100, "exit_group", 3)
	p.c.Ended(100, 100, killed(11|0x80))
}

func everythingOptions(s trace.Sink) trace.Options {
	return trace.Options{
		Sink: s, Policy: &rules.Policy{Source: `p"<.yaml`, Rules: []rules.Rule{{Line: 7}}},
		Stack: func(int) []string { return []string{"/lib/libc.so.6(read+0xd) [0xf803d]", "\xff\x01\u2028é"} },
	}
}

// TestJSON: the lines hold what the events hold, as encoding/json reads them.
func TestJSON(t *testing.T) {
	out := new(paper)
	var want []trace.Event
	keep := trace.Func(func(e *trace.Event) { want = append(want, *e) })
	p := newProgram(t, everythingOptions(trace.Tee{trace.NewJSON(out), keep}))
	everything(p)
	p.c.Close()
	text := string(trace.LostJSON([]byte(out.String()), 12))
	want = append(want, trace.Event{Kind: trace.LostKind, Count: 12})
	want[0].Schema = 1
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines of %d events", len(lines), len(want))
	}
	for i, line := range lines {
		var got, through trace.Event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		b, err := json.Marshal(&want[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &through); err != nil {
			t.Fatal(err)
		}
		if got.Kind == trace.LostKind {
			through.Time = got.Time
		}
		if diff := cmp.Diff(through, got); diff != "" {
			t.Errorf("%s\n-encoding/json +ours:\n%s", line, diff)
		}
	}
	for _, field := range fields(reflect.TypeFor[trace.Event](), "") {
		key := field[strings.LastIndex(field, ".")+1:]
		if !strings.Contains(text, `"`+key+`":`) {
			t.Errorf("no event has %s", field)
		}
	}
}

// fields are the keys of a type's JSON form, with a dot before an inner one's.
func fields(t reflect.Type, prefix string) []string {
	var list []string
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		list = append(list, prefix+key)
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			list = append(list, fields(inner, prefix+key+".")...)
		}
	}
	return list
}

// TestDocs: the manual names every field and every kind, and no other.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/trace.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## JSON lines\n")
	if !ok {
		t.Fatal("docs/trace.md has no section JSON lines")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\|").FindAllStringSubmatch(section, -1) {
		told[m[1]] = true
	}
	for _, field := range fields(reflect.TypeFor[trace.Event](), "") {
		if !told[field] {
			t.Errorf("docs/trace.md does not tell of %s", field)
		}
		delete(told, field)
	}
	for field := range told {
		t.Errorf("docs/trace.md tells of %s, which no event has", field)
	}
	for _, kind := range []trace.Kind{
		trace.CallKind, trace.SignalKind, trace.StopKind, trace.BirthKind, trace.EndKind, trace.ExecKind, trace.LostKind,
	} {
		if !strings.Contains(section, "`"+string(kind)+"`") {
			t.Errorf("docs/trace.md does not tell of the event %s", kind)
		}
	}
}
