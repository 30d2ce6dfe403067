package unwind_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"warder/unwind"
)

// noDebugFiles makes gdb see what is in the programs' own files.
const noDebugFiles = "set debug-file-directory /nonexistent"

// TestLiveAgainstGDB holds every frame's address against gdb's.
func TestLiveAgainstGDB(t *testing.T) {
	for _, c := range []struct {
		name   string
		source string
		flags  string
		arg    string
		spins  bool
	}{
		{"recursion", "recursion.c", "-g -O0", "", false},
		{"recursion optimized", "recursion.c", "-g -O2 -fomit-frame-pointer", "", false},
		{"recursion static", "recursion.c", "-g -O2 -static", "", false},
		{"recursion not PIE", "recursion.c", "-g -O2 -no-pie", "", false},
		{"recursion static PIE", "recursion.c", "-g -O2 -static-pie", "", false},
		{"recursion stripped", "recursion.c", "-O2 -s", "", false},
		{"recursion in compressed debug_frame", "recursion.c", "-g -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables -gz", "", false},
		{"recursion by frame pointer", "recursion.c", "-O1 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables", "", false},
		{"signals", "signals.c", "-g -O2", "", false},
		{"signals with the stack above", "signals.c", "-g -O2", "x", false},
		{"signals static", "signals.c", "-g -O2 -static", "x", false},
		{"threads", "threads.c", "-g -O2 -pthread", "", false},
		{"threads static", "threads.c", "-g -O2 -pthread -static", "", false},
		{"noreturn", "noreturn.c", "-g -O2", "", false},
		{"noreturn stripped", "noreturn.c", "-O2 -s", "", false},
		{"leaf", "leaf.c", "-g -O2 -fomit-frame-pointer", "", true},
		{"leaf static", "leaf.c", "-O2 -fomit-frame-pointer -static", "", true},
		{"callback", "callback.c", "-g -O2", "", false},
		{"writing", "writing.c", "-g -O2", "", false},
		{"writing static", "writing.c", "-g -O2 -static", "", false},
		{"wild pointer", "wild.c", "-g -O2", "", false},
		{"wild pointer elsewhere", "wild.c", "-g -O2", "x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			argv := []string{build(t, c.source, strings.Fields(c.flags)...)}
			if c.arg != "" {
				argv = append(argv, c.arg)
			}
			tr := start(t, c.spins, argv...)
			u := unwind.New(unwind.Config{})
			traces := map[int]unwind.Trace{}
			for _, tid := range tr.tids {
				traces[tid] = tr.trace(t, u, tid)
			}
			tr.release(t)
			want := gdb(t, tr.pid, noDebugFiles)
			for tid, trace := range traces {
				compareAddresses(t, trace, outer(want[tid]))
			}
		})
	}
}

func compareAddresses(t *testing.T, trace unwind.Trace, want []gdbFrame) {
	t.Helper()
	var got []unwind.Frame
	for _, f := range trace.Frames {
		if !f.Inlined {
			got = append(got, f)
		}
	}
	bad := len(got) != len(want) || !trace.Complete
	for i := 0; i < min(len(got), len(want)); i++ {
		if got[i].PC != want[i].pc || got[i].Signal != (want[i].kind == "signal") {
			bad = true
		}
	}
	if bad {
		show(t, trace, want)
	}
}

func show(t *testing.T, trace unwind.Trace, want []gdbFrame) {
	t.Helper()
	t.Errorf("trace:\n%s(%s)\ngdb:", trace, trace.End)
	for i, f := range want {
		t.Logf("#%d %#x %s %s %s:%d", i, f.pc, f.kind, f.function, f.file, f.line)
	}
}

// TestLiveNames holds every frame's function, file and line against gdb's,
// inlined functions included.
func TestLiveNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		source string
		flags  string
		debug  bool // with the debugging information of libraries
		spins  bool
	}{
		{"C", "recursion.c", "-g -O0", false, false},
		{"C optimized", "recursion.c", "-g -O2", false, false},
		{"C static", "recursion.c", "-g -O2 -static", false, false},
		{"C without lines", "recursion.c", "-O1", false, false},
		{"C stripped", "recursion.c", "-O2 -s", false, false},
		{"C, DWARF 4, compressed", "recursion.c", "-gdwarf-4 -gz -O2", false, false},
		{"C and the library's information", "callback.c", "-g -O2", true, false},
		{"noreturn", "noreturn.c", "-g -O2", false, false},
		{"signals", "signals.c", "-g -O2", false, false},
		{"threads", "threads.c", "-g -O2 -pthread", false, false},
		{"leaf", "leaf.c", "-g -O2", false, true},
		{"C++", "inlined.cc", "-g -O0", false, false},
		{"C++ optimized", "inlined.cc", "-g -O2", false, false},
		{"C++ optimized, DWARF 4", "inlined.cc", "-gdwarf-4 -O2", false, false},
		{"C++ static", "inlined.cc", "-g -O2 -static", false, false},
		{"C++ without lines", "inlined.cc", "-O2", false, false},
		{"Rust", "rusty.rs", "-g", false, false},
		{"Rust optimized", "rusty.rs", "-g -O", false, false},
		{"Rust without lines", "rusty.rs", "-O", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := start(t, c.spins, build(t, c.source, strings.Fields(c.flags)...))
			cfg := unwind.Config{DebugDirs: []string{}}
			setting := noDebugFiles
			if c.debug {
				cfg, setting = unwind.Config{}, "set confirm off"
			}
			u := unwind.New(cfg)
			traces := map[int]unwind.Trace{}
			for _, tid := range tr.tids {
				traces[tid] = tr.trace(t, u, tid)
			}
			tr.release(t)
			want := gdb(t, tr.pid, setting)
			for tid, trace := range traces {
				compareNames(t, trace, want[tid])
			}
		})
	}
}

// TestLiveGo holds a Go program's first thread against gdb, and the others as
// far as gdb can tell: past a change of stacks it makes frames up.
func TestLiveGo(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string
		names bool
	}{
		{"plain", nil, true},
		{"not optimized", []string{"-gcflags=-N -l"}, true},
		{"PIE", []string{"-buildmode=pie"}, true},
		{"stripped", []string{"-ldflags=-s -w"}, false},
		{"stripped PIE", []string{"-buildmode=pie", "-ldflags=-s"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := startAt(t, waits, build(t, "gochain", c.flags...))
			u := unwind.New(unwind.Config{DebugDirs: []string{}})
			traces := map[int]unwind.Trace{}
			for _, tid := range tr.tids {
				traces[tid] = tr.trace(t, u, tid)
			}
			tr.release(t)
			first := traces[tr.pid]
			if !first.Complete {
				t.Errorf("the trace ends because of: %s", first.End)
			}
			checkGoChain(t, first, c.names)
			if !c.names {
				return // gdb knows nothing of it
			}
			want := gdb(t, tr.pid, noDebugFiles)
			for tid, trace := range traces {
				w := slices.DeleteFunc(want[tid], func(f gdbFrame) bool { return f.pc == 0 })
				if tid != tr.pid {
					w = w[:min(len(w), len(trace.Frames))]
				}
				compareNames(t, trace, w)
			}
		})
	}
}

// TestLiveCgo shows the way from C to the goroutine that called it.
func TestLiveCgo(t *testing.T) {
	for _, flags := range [][]string{nil, {"-ldflags=-s -w"}} {
		tr := start(t, false, buildEnv(t, "cgochain", []string{"CGO_ENABLED=1"}, flags...))
		trace := tr.trace(t, unwind.New(unwind.Config{}), tr.pid)
		var got []string
		guesses := 0
		for _, f := range trace.Frames {
			name := f.Function
			if strings.HasPrefix(name, "_cgo_") {
				name = "_cgo_"
			}
			got = append(got, strings.TrimSuffix(name, ".abi0"))
			if f.Guess() {
				guesses++
			}
		}
		want := []string{
			"wait_here", "_cgo_", "runtime.asmcgocall", "runtime.cgocall", "main._Cfunc_wait_here",
			"main.descend", "main.descend", "main.descend", "main.main", "runtime.main", "runtime.goexit",
		}
		if flags != nil {
			want[0], want[1] = "", "" // C's symbols are gone
		}
		if guesses != 1 || len(got) != len(want)+1 || !slices.Equal(got[1:], want) {
			t.Errorf("%q, want %q\n%s", got[1:], want, trace)
		}
	}
}

// checkGoChain looks for the program's own calls. Without debugging information
// inlined calls have their callers' names.
func checkGoChain(t *testing.T, trace unwind.Trace, inlined bool) {
	t.Helper()
	want := []string{
		"main.waitHere", "main.inlined", "main.(*cat).speak.func1", "main.apply", "main.(*cat).speak",
		"main.recurse", "main.recurse", "main.recurse", "main.recurse", "main.recurse", "main.main",
	}
	if !inlined {
		want = slices.Delete(want, 1, 2)
	}
	var got []string
	for _, f := range trace.Frames {
		if strings.HasPrefix(f.Function, "main.") {
			got = append(got, f.Function)
			if inlined && (filepath.Base(f.File) != "main.go" || f.Line < 20 || f.Line > 60) {
				t.Errorf("%s at %s:%d", f.Function, f.File, f.Line)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the program's calls are %q, want %q", got, want)
	}
}

// aliases are names of one function, of which gdb takes another.
var aliases = map[string]string{"gsignal": "raise", "libc_start_main_impl": "libc_start_main"}

var rustHash = regexp.MustCompile(`::h[0-9a-f]{16}$`)

var closure = regexp.MustCompile(`\{closure#\d+\}|\{\{closure\}\}`)

// plain takes from a name what gdb and the demangler write differently:
// parameters, template arguments, underscores in front, Rust's numbers of
// closures and the trait of an implementation.
func plain(name string) string {
	name = closure.ReplaceAllString(rustHash.ReplaceAllString(name, ""), "closure")
	if impl, rest, ok := strings.Cut(name, ">::"); ok && strings.HasPrefix(impl, "<") {
		name = rest
	}
	if _, rest, ok := strings.Cut(name, "{impl#"); ok {
		_, name, _ = strings.Cut(rest, "}::")
	}
	var b strings.Builder
	depth := 0
	for _, r := range strings.ReplaceAll(name, "(anonymous namespace)", "anon") {
		switch r {
		case '<', '(', '[':
			depth++
		case '>', ')', ']':
			depth--
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	s := strings.TrimLeft(strings.TrimSuffix(strings.TrimSuffix(b.String(), " const"), "::"), "_")
	if a := aliases[s]; a != "" {
		return a
	}
	return s
}

// sameName compares a name with gdb's, which has no scope for what is local to
// a function, and a return type in front where all it has is a symbol.
func sameName(got, want string) bool {
	g, w := plain(got), plain(want)
	if i := strings.LastIndex(w, "::"); i >= 0 && strings.Contains(w[i:], "_rust_begin") {
		return strings.Contains(g, "_rust_begin")
	}
	return g == w || w != "" && (strings.HasSuffix(g, "::"+w) || strings.HasSuffix(w, " "+g))
}

// sameFile compares a file with gdb's, which does not clean the names of
// directories that are not there.
func sameFile(got, want string) bool {
	if want == "" || filepath.IsAbs(want) {
		return got == want
	}
	return filepath.Base(got) == filepath.Base(want)
}

func compareNames(t *testing.T, trace unwind.Trace, want []gdbFrame) {
	t.Helper()
	// Where a function ended with a jump to another gdb can tell what it was.
	want = slices.DeleteFunc(want, func(f gdbFrame) bool { return f.kind == "other" })
	bad, lines := len(trace.Frames) != len(want), 0
	for i := 0; i < min(len(trace.Frames), len(want)); i++ {
		f, w := trace.Frames[i], want[i]
		// Of several lines that one address has gdb prefers one that it would
		// set a breakpoint at, which may be of the code before it.
		if f.File == w.file && f.Line != w.line && i > 0 && want[i-1].kind == "normal" && w.kind == "inline" {
			if lines++; lines == 1 {
				continue
			}
		}
		if f.Inlined != (w.kind == "inline") || !sameFile(f.File, w.file) || f.Line != w.line {
			t.Errorf("#%d is at %s:%d, want %s:%d", i, f.File, f.Line, w.file, w.line)
			bad = true
		}
		if !f.Signal && !sameName(f.Function, w.function) {
			t.Errorf("#%d is %q, want %q", i, f.Function, w.function)
			bad = true
		}
	}
	if bad {
		show(t, trace, want)
	}
}
