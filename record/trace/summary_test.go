package trace_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

func summaryOf(t *testing.T, undecoded bool, order trace.Sort) string {
	t.Helper()
	s := new(trace.Summary)
	p := newProgram(t, trace.Options{Sink: s, Undecoded: undecoded})
	for range 4 {
		p.enter(100, "close", 3)
		p.after(60 * time.Microsecond)
		p.c.Return(100, 100, 0, false)
	}
	for range 2 {
		p.enter(100, "openat", atFDCWD, 0x4000, 0)
		p.after(299500 * time.Nanosecond)
		p.c.Return(100, 100, enoent, true)
	}
	p.call(100, 100, "getpid")
	p.call(100, 0, "sched_get_priority_max", 0)
	p.enter(100, "exit_group", 0)
	var b strings.Builder
	if err := s.Write(&b, order); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSummary(t *testing.T) {
	const byTime = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- -----------------------
 71.39    0.000599         299         2         2 openat
 28.61    0.000240          60         4           close
  0.00    0.000000           0         1           getpid
  0.00    0.000000           0         1           sched_get_priority_max
------ ----------- ----------- --------- --------- -----------------------
100.00    0.000839         104         8         2 total
`
	for _, undecoded := range []bool{false, true} {
		same(t, summaryOf(t, undecoded, trace.ByTime), byTime)
	}
	for word, want := range map[string]string{
		"time": "openat close getpid sched_get_priority_max", "calls": "close openat getpid sched_get_priority_max",
		"errors": "openat close getpid sched_get_priority_max", "name": "close getpid openat sched_get_priority_max",
		"avg-time": "openat close getpid sched_get_priority_max", "none": "close getpid sched_get_priority_max openat",
		"longest": "openat close getpid sched_get_priority_max", "min-time": "openat close getpid sched_get_priority_max",
	} {
		if word == "errors" || word == "none" {
			if abi.Native() != abi.X86_64 {
				continue // by number
			}
		}
		order, err := trace.ParseSort(word)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range strings.Split(summaryOf(t, true, order), "\n")[2:6] {
			got = append(got, l[strings.LastIndex(l, " ")+1:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("-S %s: %s", word, got)
		}
	}
	if _, err := trace.ParseSort("tiem"); err == nil || !strings.Contains(err.Error(), `did you mean "time"?`) {
		t.Error(err)
	}
}

// TestSummaryElse: nothing, other architectures, unknown numbers, a writer
// that fails.
func TestSummaryElse(t *testing.T) {
	s := new(trace.Summary)
	var b strings.Builder
	if err := s.Write(&b, trace.ByTime); err != nil || b.Len() > 0 {
		t.Errorf("nothing: %q, %v", b.String(), err)
	}
	p := newProgram(t, trace.Options{Sink: s})
	for _, c := range []rules.Call{{Arch: abi.I386, Nr: 20}, {Arch: abi.Native(), Nr: 1000}, {Arch: abi.Native(), Nr: 1 << 31}, {Arch: 77, Nr: 3}} {
		p.c.Enter(100, 100, &c, nil)
		p.c.Return(100, 100, 38, true)
	}
	if err := s.Write(&b, trace.ByNothing); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{" syscall_0x3e8\n", " others\n", "\nSystem call usage summary for 32 bit mode:\n", " getpid\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := s.Write(&failing{err: errors.New("full")}, trace.ByTime); err == nil {
		t.Error("a failing writer is not told of")
	}
}
