package trace_test

import (
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/record/trace"
)

func TestSelect(t *testing.T) {
	for text, c := range map[string]struct{ with, without string }{
		"openat":               {"openat", "open close"},
		"openat,close,":        {"openat close", "open"},
		"!openat,close":        {"open read", "openat close"},
		"!!openat":             {"openat", "open"},
		"all":                  {"openat getpid", ""},
		"!none":                {"openat getpid", ""},
		"none":                 {"", "openat getpid"},
		"!all":                 {"", "openat getpid"},
		"%file":                {"openat execve", "read getpid"},
		"file":                 {"openat execve", "read getpid"},
		"%net,getpid":          {"connect getpid", "openat"},
		"%%statfs":             {"statfs fstatfs", "openat"},
		"/^get.id$":            {"getpid getuid", "getppid openat"},
		"/^close$,openat":      {"close openat", "read"},
		"/^[a-z]{4,5}$":        {"close read", "openat"},
		"?nothing,close":       {"close", "openat"},
		"?/^nothing,?%nothing": {"", "openat"},
		"close@64":             {"close", "openat"},
		"close@32,openat":      {"openat", "close"},
	} {
		s, err := trace.Select(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for _, name := range strings.Fields(c.with) {
			if !s.Has(abi.Native(), number(t, name)) {
				t.Errorf("%s has no %s", text, name)
			}
		}
		for _, name := range strings.Fields(c.without) {
			if nr, ok := abi.Native().Number(name); ok && s.Has(abi.Native(), nr) {
				t.Errorf("%s has %s", text, name)
			}
		}
	}
	for text, want := range map[string]string{
		"":               "no system calls named",
		",":              "no system calls named",
		"opnat":          `no system call "opnat" (did you mean "openat"?)`,
		"close,opnat":    `no system call "opnat" (did you mean "openat"?)`,
		"close,!openat":  `"!openat": a ! stands before the whole set, as in !open,close`,
		"%fiel":          `no class of calls "%fiel" (did you mean "%file"?)`,
		"/(":             "missing closing )",
		"/^zzz":          `no system call "/^zzz"`,
		"99999":          "no system call has the number 99999 here",
		"close@16":       `"close@16": want @64 or @32`,
		"CLOSE":          `no system call "CLOSE"`,
		"99999999999999": `no system call "99999999999999"`,
	} {
		_, err := trace.Select(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestSet(t *testing.T) {
	s, err := trace.Select("close,openat")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"openat", "close"}
	slices.SortFunc(want, func(a, b string) int { return int(number(t, a)) - int(number(t, b)) })
	if got := s.Names(abi.Native()); !slices.Equal(got, want) || s.All() {
		t.Errorf("%v", got)
	}
	var all *trace.Set
	if n := len(all.Names(abi.I386)); n < 400 || !all.All() || !all.Has(abi.I386, 1<<31) {
		t.Errorf("the nil set has %d of i386's calls", n)
	}
	every, err := trace.Select("all")
	if err != nil || !every.All() || !every.Has(abi.Native(), 1<<31) {
		t.Errorf("all is not all: %v", err)
	}
	if s.Has(abi.Native(), 1<<31) || s.Has(99, 3) {
		t.Error("a set has calls without a name")
	}
}

func TestFilter(t *testing.T) {
	var f trace.Filter
	for _, e := range []string{"trace=%file", "close", "signal=!SIGCHLD,usr1,9", "status=failed,unfinished", "q=attach,exit"} {
		if err := f.Set(e); err != nil {
			t.Fatal(err)
		}
	}
	if names := f.Calls.Names(abi.Native()); !slices.Equal(names, []string{"close"}) {
		t.Errorf("the last -e trace is not what counts: %v", names)
	}
	for sig, want := range map[int]bool{17: false, 10: false, 9: false, 15: true, 64: true, 0: false, 65: false} {
		if f.Signals.Has(sig) != want {
			t.Errorf("signal %d: %v", sig, !want)
		}
	}
	if f.Status != trace.Failed|trace.Unfinished || f.Quiet != trace.QuietAttach|trace.QuietExit {
		t.Errorf("status %b, quiet %b", f.Status, f.Quiet)
	}
	for e, want := range map[string]string{
		"trce=open":        `-e trce: want trace=, signal=, status= or quiet= (did you mean "trace"?)`,
		"inject=open":      "-e inject is strace's alone",
		"signal=SIGFOO":    `-e signal: no signal "SIGFOO"`,
		"signal=65":        `-e signal: no signal "65"`,
		"status=sucessful": `(did you mean "successful"?)`,
		"status=none":      `-e status: status "none" is no call's`,
		"quiet=exits":      `(did you mean "exit"?)`,
		"trace=opnat":      `-e trace: no system call "opnat"`,
	} {
		if err := f.Set(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", e, err)
		}
	}
	if s, err := trace.ParseStatus("all"); err != nil || s != 0 {
		t.Errorf("status=all: %b, %v", s, err)
	}
	if q, err := trace.ParseQuiet("!exit"); err != nil || q != trace.QuietAll&^trace.QuietExit {
		t.Errorf("quiet=!exit: %b, %v", q, err)
	}
}

func FuzzSelect(f *testing.F) {
	for _, text := range []string{"!%file,close", "/^a{1,2}$,?b", "all", "none", "3", "close@32", "?/x", "%%stat,", "!", "/(", "@64"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := trace.Select(text)
		if err != nil {
			if s != nil || err.Error() == "" || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("%q: %q", text, err)
			}
			return
		}
		body := strings.TrimLeft(text, "!")
		if len(text)-len(body) > 1 {
			return
		}
		other := "!" + text
		if body != text {
			other = body
		}
		o, err := trace.Select(other)
		if err != nil {
			t.Fatalf("%q is a set and %q is not: %v", text, other, err)
		}
		for nr := range uint32(2000) {
			for _, arch := range []abi.Arch{abi.X86_64, abi.I386, abi.AArch64} {
				if s.Has(arch, nr) == o.Has(arch, nr) {
					t.Fatalf("%q and its negation agree on %s %d", text, arch, nr)
				}
			}
		}
	})
}
