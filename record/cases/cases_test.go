package cases_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"warder/abi"
	"warder/record/cases"
	"warder/rules"
)

const openat = `{"schema":1,"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"x86_64","number":257,"syscall":"openat",` +
	`"args":[{"name":"dfd","raw":"0xffffffffffffff9c","text":"AT_FDCWD"},{"name":"filename","raw":"0x7f1","text":"\"/x\"","path":"/x"},` +
	`{"name":"flags","raw":"0x80000","text":"O_RDONLY|O_CLOEXEC"}],"return":"0x3","result":"3"}`

func TestCallOf(t *testing.T) {
	r := cases.NewReader("t", strings.NewReader("\n"+openat+"\n\n"))
	l, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cases.CallOf(&l.Event)
	if err != nil {
		t.Fatal(err)
	}
	want := rules.Call{Arch: abi.X86_64, Nr: 257, Args: [6]uint64{0xffffffffffffff9c, 0x7f1, 0x80000}}
	if c.Call != want || c.Known != [6]bool{true, true, true, false, true, true} || c.Paths[1] != "/x" || l.Number != 2 {
		t.Errorf("%+v in line %d", c, l.Number)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestCloneNames(t *testing.T) {
	line := `{"event":"call","pid":1,"tid":1,"arch":"aarch64","number":220,"syscall":"clone","args":[{"name":"child_stack","raw":"0x10"},` +
		`{"name":"flags","raw":"0x11"},{"name":"child_tidptr","raw":"0x12"},{"name":"tls","raw":"0x13"},{"name":"parent_tid","raw":"0x14"}]}`
	l, err := cases.NewReader("t", strings.NewReader(line)).Next()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cases.CallOf(&l.Event)
	if want := [6]uint64{0x11, 0x10, 0x14, 0x13, 0x12, 0}; err != nil || c.Call.Args != want {
		t.Errorf("%v, %#x, want %#x", err, c.Call.Args, want)
	}
}

func TestErrors(t *testing.T) {
	call := func(s string) string { return `{"event":"call","pid":1,"tid":1,` + s + "}" }
	for _, tt := range []struct{ text, want string }{
		{"nonsense", "t:1: not a line of a trace"},
		{openat + "\n{\"event\":", "t:2: not a line of a trace"},
		{openat + "\n[]", "t:2: not a line of a trace"},
		{"{}", "t:1: no event"},
		{`{"schema":2,"event":"call","pid":1}`, "schema 2: this warder reads schema 1"},
		{`{"event":"call","pid":0}`, "a process id below 1"},
		{openat + "\n" + strings.Repeat(" ", cases.MaxLine+1), "t:2: a line of more than 1048576 bytes"},
		{call(`"arch":"mips","syscall":"read"`), `unknown architecture "mips"`},
		{call(`"arch":"x86_64"`), "the call has no name"},
		{call(`"arch":"x86_64","syscall":"write"`), `call 0 of x86_64 is read, not "write"`},
		{call(`"arch":"x86_64","number":999,"syscall":"write"`), "call 999 of x86_64 has no name"},
		{call(`"arch":"x86_64","syscall":"read","args":[{"name":"fb","raw":"0x1"}]`), `read has no argument "fb"`},
		{call(`"arch":"x86_64","syscall":"read","args":[{"name":"fd","raw":"-1"}]`), `"-1" is no hexadecimal register`},
		{call(`"arch":"x86_64","syscall":"read","args":[{"name":"buf","raw":"0x1","path":"` + strings.Repeat("a", 4096) + `"}]`), "a path of 4096 bytes"},
	} {
		r := cases.NewReader("t", strings.NewReader(tt.text))
		var err error
		for err == nil {
			var l *cases.Line
			if l, err = r.Next(); err == nil {
				_, err = cases.CallOf(&l.Event)
			}
		}
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v, want %q", tt.text, err, tt.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(openat))
	f.Add([]byte(`{"event":"call","pid":1,"tid":1,"arch":"i386","number":999,"syscall":"syscall_0x3e7","args":[{"name":"arg6","raw":"0xffffffffffffffff"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := cases.NewReader("t", bytes.NewReader(text))
		for lines := 0; ; lines++ {
			l, err := r.Next()
			if err != nil {
				if e := (*cases.Error)(nil); !errors.Is(err, io.EOF) && (!errors.As(err, &e) || e.Line < 1) {
					t.Fatalf("%T: %v", err, err)
				}
				return
			}
			if lines > len(text) {
				t.Fatal("more lines than text")
			}
			if c, err := cases.CallOf(&l.Event); err == nil && c.Call.Arch == 0 {
				t.Fatalf("%+v", c)
			}
		}
	})
}
