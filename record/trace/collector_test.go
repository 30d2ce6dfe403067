package trace_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/memory"
	"warder/record/trace"
	"warder/rules"
)

// names are the calls that a sink was told of, with "!" where they failed and
// "?" where they did not return.
func names(list *[]string) trace.Func {
	return func(e *trace.Event) {
		switch {
		case e.Kind != trace.CallKind:
			*list = append(*list, string(e.Kind))
		case e.Value == "":
			*list = append(*list, e.Name+"?")
		case e.Errno != "":
			*list = append(*list, e.Name+"!")
		default:
			*list = append(*list, e.Name)
		}
	}
}

// some is a program with calls of every fate.
func some(p *program) {
	p.c.Enter(100, 100, nativeCall(p.t, "openat", atFDCWD, 0x1000, 0), nil)
	p.c.Return(100, 100, 3, false)
	p.c.Enter(100, 100, nativeCall(p.t, "openat", atFDCWD, 0x4000, 0), nil)
	p.c.Return(100, 100, enoent, true)
	p.c.Signal(100, 100, 17, nil)
	p.c.Signal(100, 100, 10, nil)
	p.c.Enter(100, 100, nativeCall(p.t, "close", 3), nil)
	p.c.Return(100, 100, 0, false)
	p.c.Enter(100, 100, nativeCall(p.t, "read", 3, 0x2000, 4), nil)
	p.c.Ended(100, 100, killed(9))
}

func TestChoice(t *testing.T) {
	for name, c := range map[string]struct {
		filter string
		opt    trace.Options
		want   string
	}{
		"all":            {"", trace.Options{}, "openat openat! signal signal close read? end"},
		"calls":          {"trace=openat", trace.Options{}, "openat openat! signal signal end"},
		"successful":     {"status=successful", trace.Options{}, "openat signal signal close end"},
		"failed":         {"status=failed", trace.Options{}, "openat! signal signal end"},
		"unfinished":     {"status=unfinished", trace.Options{}, "signal signal read? end"},
		"signals":        {"signal=!chld", trace.Options{}, "openat openat! signal close read? end"},
		"no signals":     {"signal=none", trace.Options{}, "openat openat! close read? end"},
		"a path":         {"", trace.Options{Paths: trace.NewPaths("/no")}, "openat! signal signal end"},
		"another path":   {"", trace.Options{Paths: trace.NewPaths("/nothing")}, "signal signal end"},
		"undecoded":      {"", trace.Options{Paths: trace.NewPaths("/no"), Undecoded: true}, "openat! signal signal end"},
		"path and calls": {"trace=close", trace.Options{Paths: trace.NewPaths("/no")}, "signal signal end"},
	} {
		var f trace.Filter
		if c.filter != "" {
			if err := f.Set(c.filter); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		c.opt.Sink, c.opt.Calls, c.opt.Signals, c.opt.Status = names(&got), f.Calls, f.Signals, f.Status
		some(newProgram(t, c.opt))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestReturns: a call whose return nobody asked for is over at its entry, and
// so is one that does not return or that the supervisor answers itself.
func TestReturns(t *testing.T) {
	set, err := trace.Select("read")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	p := newProgram(t, trace.Options{Sink: names(&got), Returns: set})
	if p.enter(100, "close", 3) || p.enter(100, "exit", 0) || p.enter(100, "exit_group", 0) {
		t.Error("close, exit or exit_group is waited for")
	}
	if !p.enter(100, "read", 3, 0x2000, 4) {
		t.Error("read is not waited for")
	}
	p.c.Return(100, 100, 4, false)
	p.c.Return(100, 100, 4, false) // of a call that is not open
	p.enter(100, "read", 3, 0x2000, 4)
	p.enter(100, "read", 3, 0x2000, 4) // the one before did not return
	p.c.Close()
	if want := "close? exit? exit_group? read read? read?"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", got, want)
	}
	if p.c.Live() != 0 {
		t.Error("threads are left")
	}
}

// TestKilledShown: a call that ends the session is told of though it was not
// asked for.
func TestKilledShown(t *testing.T) {
	set, err := trace.Select("read")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	p := newProgram(t, trace.Options{Sink: names(&got), Calls: set, Paths: trace.NewPaths("/x"), Status: trace.Successful})
	p.c.Enter(100, 100, nativeCall(t, "close", 3), &rules.Verdict{Action: rules.Action{Kind: rules.Kill}, Rule: -1})
	p.c.Enter(100, 100, nativeCall(t, "dup", 3), &rules.Verdict{Action: rules.Action{Kind: rules.Errno, Errno: 1}, Rule: -1})
	if want := "close?"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestReused: an id that another process has from now on.
func TestReused(t *testing.T) {
	var got []string
	p := newProgram(t, trace.Options{Sink: names(&got)})
	p.c.Born(100, 101, 100)
	p.enter(101, "read", 3, 0x2000, 4)
	p.c.Born(101, 101, 100)
	p.c.Return(101, 101, 4, false)
	if want := "birth read? birth"; strings.Join(got, " ") != want || p.c.Live() != 1 {
		t.Errorf("%s, want %s; %d threads", got, want, p.c.Live())
	}
}

// TestEventValues: results as a program has them in its registers.
func TestEventValues(t *testing.T) {
	var got []trace.Event
	p := newProgram(t, trace.Options{Sink: trace.Func(func(e *trace.Event) { got = append(got, *e) })})
	p.fail(100, enoent, "close", 1<<32|3)
	p.c.Enter(100, 100, &rules.Call{Arch: abi.I386, Nr: 6, Args: [6]uint64{3}}, nil)
	p.c.Return(100, 100, enoent, true)
	p.enter(100, "pause")
	p.after(time.Second)
	p.c.Return(100, 100, 514, true)
	for i, want := range []trace.Event{
		{Value: "0xfffffffffffffffe", Errno: "ENOENT", Arch: abi.Native().String(), Name: "close"},
		{Value: "0xfffffffe", Errno: "ENOENT", Arch: "i386", Name: "close"},
		{Value: "0xfffffffffffffdfe", Errno: "ERESTARTNOHAND", Arch: abi.Native().String(), Name: "pause", Duration: time.Second},
	} {
		g := got[i]
		if g.Value != want.Value || g.Errno != want.Errno || g.Arch != want.Arch || g.Name != want.Name || g.Duration != want.Duration {
			t.Errorf("%+v, want %+v", g, want)
		}
	}
	if raw := got[0].Args[0]; raw.Raw != "0x100000003" || raw.Text != "3" || raw.Name != "fd" {
		t.Errorf("%+v", raw)
	}
}

// TestReal looks at a real process's memory and descriptors: its own.
func TestReal(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if cwd, err = filepath.EvalSymlinks(cwd); err != nil {
		t.Fatal(err)
	}
	pid := os.Getpid()
	addr := mapped(t, f, link+"\x00")
	paths := trace.NewPaths(link)
	if got := paths.Names(); !slices.Equal(got, []string{link, file}) {
		t.Errorf("paths %q", got)
	}
	out := new(paper)
	c := trace.NewCollector(trace.Options{
		Sink: trace.NewText(out, trace.TextOptions{}), Descriptors: true, Paths: paths,
	})
	tell := func(value uint64, name string, args ...uint64) {
		if c.Enter(pid, pid, nativeCall(t, name, args...), nil) {
			c.Return(pid, pid, value, false)
		}
	}
	fd := uint64(f.Fd())
	tell(fd, "openat", atFDCWD, addr, 0)
	tell(0, "fsync", fd)
	tell(0, "fsync", 0)     // another file
	tell(0, "fsync", 99999) // none
	if err := os.Rename(file, file+"2"); err != nil {
		t.Fatal(err)
	}
	tell(0, "fsync", fd) // the same file, another name
	for _, want := range []string{
		`openat(AT_FDCWD<` + cwd + `>, "` + link + `", O_RDONLY) = `,
		`fsync(`, `<` + file + `>)`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if n := strings.Count(out.String(), "fsync"); n != 1 {
		t.Errorf("%d fsyncs match in\n%s", n, out)
	}
}

// mapped maps a file with a text into this process, and tells where it is.
func mapped(t *testing.T, f *os.File, text string) uint64 {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	p, err := unix.Mmap(int(f.Fd()), 0, len(text), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(p) })
	maps, err := memory.Of(os.Getpid()).Maps()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range maps {
		if m.Path == f.Name() {
			return m.Start
		}
	}
	t.Fatal("the mapping is nowhere")
	return 0
}

// null takes everything and keeps nothing.
type null struct{}

func (null) Put([]byte) bool { return true }

func benchmark(b *testing.B, opt trace.Options, name string, value uint64, args ...uint64) {
	p := newProgram(b, opt)
	call := nativeCall(b, name, args...)
	v := &rules.Verdict{Action: rules.Action{Kind: rules.Allow}}
	b.ReportAllocs()
	for b.Loop() {
		p.c.Enter(100, 100, call, v)
		p.c.Return(100, 100, value, false)
	}
}

// BenchmarkCall is what a call costs the session's thread beside its stops,
// with a memory and a clock that cost nothing, through the text to nowhere.
func BenchmarkCall(b *testing.B) {
	for name, sink := range map[string]func() trace.Sink{
		"text":    func() trace.Sink { return trace.NewText(null{}, trace.TextOptions{}) },
		"json":    func() trace.Sink { return trace.NewJSON(null{}) },
		"summary": func() trace.Sink { return new(trace.Summary) },
	} {
		b.Run(name+"/getpid", func(b *testing.B) {
			benchmark(b, trace.Options{Sink: sink(), Undecoded: name == "summary"}, "getpid", 100)
		})
		b.Run(name+"/openat", func(b *testing.B) {
			benchmark(b, trace.Options{Sink: sink(), Undecoded: name == "summary"}, "openat", 3, atFDCWD, 0x1000, 0)
		})
	}
}
