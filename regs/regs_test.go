package regs_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"warder/regs"
)

// filled gives every full register the value k in its lowest bytes.
func filled(t *testing.T) *regs.Regs {
	t.Helper()
	r := new(regs.Regs)
	for i, name := range regs.Names() {
		if err := r.Set(name, uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestNames(t *testing.T) {
	r := filled(t)
	for i, name := range regs.Names() {
		if v, ok := r.Get(name); !ok || v != uint64(i+1) {
			t.Errorf("%s = %d, %v; want %d", name, v, ok, i+1)
		}
	}
	if pc, _ := r.Get("pc"); pc != r.PC() {
		t.Errorf("pc %d and %d", pc, r.PC())
	}
	if sp, _ := r.Get("sp"); sp != r.SP() {
		t.Errorf("sp %d and %d", sp, r.SP())
	}
	if r.SetPC(77); r.PC() != 77 {
		t.Errorf("SetPC: %d", r.PC())
	}
	for _, bad := range []string{"", "RAX", "xmm0", "r16", "x31", "eflag"} {
		if v, ok := r.Get(bad); ok || v != 0 {
			t.Errorf("Get(%q) = %d, %v", bad, v, ok)
		}
		if err := r.Set(bad, 0); !errors.Is(err, regs.ErrUnknown) {
			t.Errorf("Set(%q): %v", bad, err)
		}
	}
	regs.Names()[0] = "mine"
	if regs.Names()[0] == "mine" {
		t.Error("Names lends its own array")
	}
}

func TestDiff(t *testing.T) {
	a, b := filled(t), filled(t)
	if d := regs.Diff(a, b); d != nil {
		t.Errorf("equal, but %v", d)
	}
	names := regs.Names()
	for _, i := range []int{3, 10} {
		b.Set(names[i], 1<<40)
	}
	want := []regs.Change{{names[3], 4, 1 << 40}, {names[10], 11, 1 << 40}}
	if d := cmp.Diff(want, regs.Diff(a, b)); d != "" {
		t.Error(d)
	}
	if s := want[0].String(); s != names[3]+" 0x4 -> 0x10000000000" {
		t.Error(s)
	}
}

func TestJSON(t *testing.T) {
	r := filled(t)
	b, err := json.Marshal(map[string]any{"value": *r, "pointer": r})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]string
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got["value"], got["pointer"]); d != "" {
		t.Error(d)
	}
	if names := regs.Names(); len(got["value"]) != len(names) || got["value"][names[15]] != "0x10" {
		t.Errorf("%s", b)
	}
}

func TestString(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(filled(t).String(), "\n"), "\n")
	names := regs.Names()
	if len(lines) != len(names) {
		t.Fatalf("%d lines, %d names", len(lines), len(names))
	}
	if want := names[1] + strings.Repeat(" ", 15-len(names[1])) + "0x2                 2"; lines[1] != want {
		t.Errorf("%q, want %q", lines[1], want)
	}
	var listed []string
	for _, l := range lines {
		listed = append(listed, strings.Fields(l)[0])
	}
	if !slices.Equal(listed, names) {
		t.Errorf("%v, want %v", listed, names)
	}
}

func TestLiveErrors(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if regs.ReadInto(pid, r) != nil || r.Write(pid) != nil {
			t.Error("read or write failed")
		}
	}); n != 0 {
		t.Errorf("reading and writing allocate %v times", n)
	}
	// Another thread is not the tracer.
	answer := make(chan error)
	go func() {
		_, err := regs.Read(pid)
		answer <- err
	}()
	var e *regs.Error
	if err := <-answer; !errors.Is(err, unix.ESRCH) || !errors.As(err, &e) || e.TID != pid || e.Op != "read" {
		t.Errorf("from another thread: %v", err)
	}
	end(pid)
	if err := regs.ReadInto(pid, r); !errors.Is(err, unix.ESRCH) {
		t.Errorf("read after the end: %v", err)
	}
	if err := r.Write(pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("write after the end: %v", err)
	}
}

func BenchmarkReadInto(b *testing.B) {
	pid := start(b, "/bin/sleep", "100")
	var r regs.Regs
	for b.Loop() {
		if err := regs.ReadInto(pid, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	pid := start(b, "/bin/sleep", "100")
	r, err := regs.Read(pid)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := r.Write(pid); err != nil {
			b.Fatal(err)
		}
	}
}
