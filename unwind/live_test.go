package unwind_test

import (
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
		t.Errorf("trace:\n%s(%s)\ngdb:", trace, trace.End)
		for i, f := range want {
			t.Logf("#%d %#x %s %s", i, f.pc, f.kind, f.function)
		}
	}
}
