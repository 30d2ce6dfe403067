package unwind_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/memory"
	"warder/regs"
	"warder/unwind"
)

// addresses lists the frames that were not inlined.
func addresses(trace unwind.Trace) []uint64 {
	var list []uint64
	for _, f := range trace.Frames {
		if !f.Inlined {
			list = append(list, f.PC)
		}
	}
	return list
}

func functions(trace unwind.Trace) string {
	var list []string
	for _, f := range trace.Frames {
		list = append(list, f.Function)
	}
	return strings.Join(list, " ")
}

func read(t testing.TB, tid int) (*unwind.Process, *regs.Regs) {
	t.Helper()
	p, err := unwind.Live(tid)
	if err != nil {
		t.Fatal(err)
	}
	r, err := regs.Read(tid)
	if err != nil {
		t.Fatal(err)
	}
	return p, r
}

// TestLiveWithoutFiles takes everything from the process's memory.
func TestLiveWithoutFiles(t *testing.T) {
	for _, flags := range []string{"-g -O2", "-g -O2 -no-pie", "-O2 -static-pie"} {
		tr := start(t, false, build(t, "callback.c", strings.Fields(flags)...))
		u := unwind.New(unwind.Config{DebugDirs: []string{}})
		p, r := read(t, tr.pid)
		want := u.Backtrace(p, r)
		p.Open = nil
		got := u.Backtrace(p, r)
		if !got.Complete || !slices.Equal(addresses(got), addresses(want)) {
			t.Errorf("%s: without files:\n%s(%s)\nwith:\n%s", flags, got, got.End, want)
		}
		if strings.Contains(flags, "static") { // it exports nothing
			continue
		}
		// The library exports these; of the program nothing is known.
		if f := functions(got); !strings.HasPrefix(f, "pause ") || !strings.Contains(f, "qsort_r ") || !strings.Contains(f, "__libc_start_main ") {
			t.Errorf("%s: names without files: %s", flags, f)
		}
	}
}

// TestLiveRemoved removes the program: the kernel's link still leads to it.
func TestLiveRemoved(t *testing.T) {
	b, err := os.ReadFile(build(t, "noreturn.c", "-g", "-O2"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, b, 0o700); err != nil {
		t.Fatal(err)
	}
	tr := start(t, false, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	trace := tr.trace(t, unwind.New(unwind.Config{}), tr.pid)
	if !trace.Complete {
		t.Errorf("%s(%s)", trace, trace.End)
	}
	if testutil.Missing(testutil.Root) != nil {
		return // the link is for the privileged: only the memory is left
	}
	if f := functions(trace); !strings.Contains(f, "wait_here fatal main ") {
		t.Errorf("names of a removed program: %s", f)
	}
}

// TestLiveOpenByName shows what is opened for an unprivileged supervisor.
func TestLiveOpenByName(t *testing.T) {
	b, err := os.ReadFile(build(t, "noreturn.c", "-g", "-O2"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, b, 0o700); err != nil {
		t.Fatal(err)
	}
	tr := start(t, false, path)
	p, r := read(t, tr.pid)
	p.Open = func(m memory.Mapping) (*os.File, error) { return unwind.OpenByName(tr.pid, m) }
	u := unwind.New(unwind.Config{})
	if f := functions(u.Backtrace(p, r)); !strings.Contains(f, "wait_here fatal main ") {
		t.Errorf("names: %s", f)
	}
	i := slices.IndexFunc(p.Maps, func(m memory.Mapping) bool { return m.Path == path })
	m := p.Maps[i]
	replace := func(what string, f func() error) {
		t.Helper()
		if err := errors.Join(os.Remove(path), f()); err != nil {
			t.Fatal(err)
		}
		// A FIFO that is opened for reading waits for a writer.
		if f, err := unwind.OpenByName(tr.pid, m); err == nil {
			f.Close()
			t.Errorf("%s was opened for the program", what)
		}
	}
	replace("another file", func() error { return os.WriteFile(path, b, 0o700) })
	replace("a FIFO", func() error { return unix.Mkfifo(path, 0o600) })
	if testutil.Missing(testutil.Root) == nil { // others cannot make one
		replace("a device", func() error { return unix.Mknod(path, unix.S_IFCHR|0o600, 1<<8|9) })
	}
	replace("a directory", func() error { return os.Mkdir(path, 0o700) })
	replace("a link to /proc", func() error { return os.Symlink("/proc/self/exe", path) })
	replace("nothing", func() error { return nil })

	for _, dev := range []string{"00:ff", "00:", ""} {
		if err := unwind.Trusted(tr.pid, dev); err == nil && dev != "" {
			t.Errorf("device %q is trusted", dev)
		}
	}
	if err := unwind.Trusted(tr.pid, m.Dev); err != nil {
		t.Errorf("device %q of the program: %v", m.Dev, err)
	}
}

// TestLiveOtherBuild stands for a core file, whose list of files has no
// inodes: a file of another build than the one in memory is not believed.
func TestLiveOtherBuild(t *testing.T) {
	path := build(t, "noreturn.c", "-g", "-O2", "-Wl,--build-id")
	other := build(t, "recursion.c", "-g", "-O2", "-Wl,--build-id")
	tr := start(t, false, path)
	p, r := read(t, tr.pid)
	for i := range p.Maps {
		p.Maps[i].Inode, p.Maps[i].Dev = 0, ""
	}
	u := unwind.New(unwind.Config{DebugDirs: []string{}})
	p.Open = func(m memory.Mapping) (*os.File, error) { return os.Open(m.Path) }
	right := u.Backtrace(p, r)
	if f := functions(right); !right.Complete || !strings.Contains(f, "wait_here fatal main ") {
		t.Errorf("names of the right file: %s(%s)", right, right.End)
	}
	p.Open = func(m memory.Mapping) (*os.File, error) {
		if m.Path == path {
			return os.Open(other)
		}
		return os.Open(m.Path)
	}
	wrong := u.Backtrace(p, r)
	if !wrong.Complete || !slices.Equal(addresses(wrong), addresses(right)) {
		t.Errorf("with another file: %s(%s)", wrong, wrong.End)
	}
	for _, f := range wrong.Frames {
		if f.Module == path && f.Function != "" {
			t.Errorf("%s is %q by another file", path, f.Function)
		}
	}
}

// TestLiveCode goes through code that no file has.
func TestLiveCode(t *testing.T) {
	path := build(t, "jit.c", "-O2", "-g")
	u := unwind.New(unwind.Config{DebugDirs: []string{}})
	tr := start(t, false, path)
	trace := tr.trace(t, u, tr.pid)
	f := trace.Frames
	if functions(trace) != "pause wait_here  main  __libc_start_main _start" || !trace.Complete ||
		f[2].Module != "" || f[2].How != unwind.ByCFI || f[3].How != unwind.ByPointer || !f[3].Guess() || f[4].How != unwind.ByCFI {
		t.Errorf("%s(%s)", trace, trace.End)
	}
	if !strings.Contains(trace.String(), "in main () at ") || !strings.Contains(trace.String(), "(guess: frame pointer)") {
		t.Errorf("a guess prints as\n%s", trace)
	}
	tr = start(t, false, path, "x")
	trace = tr.trace(t, u, tr.pid)
	if trace.Complete || !strings.HasPrefix(functions(trace), "pause wait_here ") {
		t.Errorf("without a frame pointer: %s(%s)", trace, trace.End)
	}
}

// TestLiveVDSO goes through the kernel's own code.
func TestLiveVDSO(t *testing.T) {
	tr := start(t, true, build(t, "clock.c", "-g", "-O2"))
	u := unwind.New(unwind.Config{DebugDirs: []string{}})
	p, _ := read(t, tr.pid)
	inside := 0
	for range 2000 {
		tr.step(t)
		r, err := regs.Read(tr.pid)
		if err != nil {
			t.Fatal(err)
		}
		trace := u.Backtrace(p, r)
		f := trace.Frames[0]
		if f.Module != "[vdso]" {
			continue
		}
		inside++
		if !trace.Complete || !strings.Contains(functions(trace), " tick main ") || f.FunctionOffset > 4096 || f.Offset > 1<<16 {
			t.Fatalf("%s(%s)", trace, trace.End)
		}
	}
	if inside == 0 {
		t.Error("never in the vDSO")
	}
}

// TestLiveLimit cuts a trace off.
func TestLiveLimit(t *testing.T) {
	tr := start(t, false, build(t, "recursion.c", "-O1"))
	trace := tr.trace(t, unwind.New(unwind.Config{Frames: 3}), tr.pid)
	if len(trace.Frames) != 3 || trace.Complete || trace.End != "limit of 3 frames" {
		t.Errorf("%s(%s)", trace, trace.End)
	}
	if !strings.HasSuffix(trace.String(), "(limit of 3 frames)\n") {
		t.Errorf("prints as\n%s", trace)
	}
}

// TestLiveShared has many goroutines use one Unwinder.
func TestLiveShared(t *testing.T) {
	tr := start(t, false, build(t, "inlined.cc", "-g", "-O2"))
	p, r := read(t, tr.pid)
	u := unwind.New(unwind.Config{Cache: 1 << 20}) // too small for all of it
	want := unwind.New(unwind.Config{}).Backtrace(p, r).String()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 8 {
				if got := u.Backtrace(p, r).String(); got != want {
					t.Errorf("another trace:\n%s\nwant\n%s", got, want)
				}
			}
		})
	}
	wg.Wait()
	if n, size := u.Cached(); n < 0 || size > 1<<20 {
		t.Errorf("%d modules of %d bytes are kept", n, size)
	}
}

// TestLiveChanged rebuilds a program: what was known of the old file is not
// taken for the new one.
func TestLiveChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	u := unwind.New(unwind.Config{})
	for source, chain := range map[string]string{"noreturn.c": "wait_here fatal main ", "recursion.c": "wait_here recurse recurse "} {
		b, err := os.ReadFile(build(t, source, "-g", "-O1"))
		if err != nil {
			t.Fatal(err)
		}
		// In place: same inode.
		if err := os.WriteFile(path, b, 0o700); err != nil {
			t.Fatal(err)
		}
		tr := start(t, false, path)
		if f := functions(tr.trace(t, u, tr.pid)); !strings.Contains(f, chain) {
			t.Errorf("%s: %s", source, f)
		}
		tr.end() // a program that runs cannot be written
	}
}

// TestLiveDescriptors shows that a trace leaves no file open.
func TestLiveDescriptors(t *testing.T) {
	tr := start(t, false, build(t, "inlined.cc", "-g", "-O2"))
	u := unwind.New(unwind.Config{})
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	tr.trace(t, u, tr.pid) // opens /proc for good
	before := count()
	for range 5 {
		tr.trace(t, u, tr.pid)
	}
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestLiveGone(t *testing.T) {
	if p, err := unwind.Live(1 << 22); err == nil || !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a process that is not there: %v, %v", p, err)
	}
}

func TestFrame(t *testing.T) {
	f := unwind.Frame{
		PC: 0x401136, CFA: 0x7ffe0, Module: "/bin/x", Offset: 0x1136, Function: "f", FunctionOffset: 6,
		File: "/src/x.c", Line: 12, How: unwind.ByCFI,
	}
	for _, c := range []struct {
		change func(*unwind.Frame)
		want   string
	}{
		{func(*unwind.Frame) {}, "0x0000000000401136 in f () at /src/x.c:12"},
		{func(f *unwind.Frame) { f.Inlined = true }, "f () at /src/x.c:12"},
		{func(f *unwind.Frame) { f.Line = 0 }, "0x0000000000401136 in f () at /src/x.c"},
		{func(f *unwind.Frame) { f.File = "" }, "0x0000000000401136 in f () from /bin/x+0x1136"},
		{func(f *unwind.Frame) { f.File, f.Module, f.Function = "", "", "" }, "0x0000000000401136 in ?? ()"},
		{func(f *unwind.Frame) { f.Signal = true }, "<signal handler called>"},
		{func(f *unwind.Frame) { f.How = unwind.ByStack }, "0x0000000000401136 in f () at /src/x.c:12 (guess: stack)"},
		{func(f *unwind.Frame) { f.Function = "a\x1b[2J" }, `0x0000000000401136 in "a\x1b[2J" () at /src/x.c:12`},
	} {
		g := f
		c.change(&g)
		if got := g.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	b, err := json.Marshal(unwind.Trace{Frames: []unwind.Frame{f, {PC: 1, How: unwind.ByPointer}}, End: "outermost frame", Complete: true})
	want := `{"frames":[{"pc":"0x401136","cfa":"0x7ffe0","module":"/bin/x","offset":"0x1136","function":"f",` +
		`"function_offset":6,"file":"/src/x.c","line":12,"how":"cfi"},{"pc":"0x1","offset":"0x0","how":"frame pointer","guess":true}],` +
		`"end":"outermost frame","complete":true}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v\nwant %s", b, err, want)
	}
}

func TestDemangled(t *testing.T) {
	for name, want := range map[string]string{
		"main":                                 "main",
		"":                                     "",
		"_Z3fooi":                              "foo",
		"_ZN3zoo4CageIlE5speakEi":              "zoo::Cage<long>::speak",
		"_ZNK6shapes3Box4areaEv":               "shapes::Box::area",
		"_ZN5rusty4main17h004013894672dc6aE":   "rusty::main",
		"_RNvNtCs1234_7mycrate3foo3bar":        "mycrate::foo::bar",
		"_Znot a mangled name":                 "_Znot a mangled name",
		"_Z" + strings.Repeat("N", 5000):       "_Z" + strings.Repeat("N", 5000),
		"runtime.main":                         "runtime.main",
		"bad\xff":                              "bad?",
		"_ZN" + strings.Repeat("1aI", 300):     "_ZN" + strings.Repeat("1aI", 300),
		"_Z1fI" + strings.Repeat("1gIS_", 500): "_Z1fI" + strings.Repeat("1gIS_", 500),
	} {
		if got := unwind.Demangled(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
