package snapshot_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"warder/internal/testutil"
	"warder/snapshot"
)

// captured starts a program and takes a core of it.
func captured(t *testing.T, program string) (core string, r *snapshot.Report, tids []int) {
	t.Helper()
	tr := start(t, program)
	core = filepath.Join(t.TempDir(), "core")
	r, err := snapshot.Capture(context.Background(), tr, core, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range open(t, core).State().Threads {
		tids = append(tids, thread.TID)
	}
	slices.Sort(tids)
	return core, r, tids
}

// said runs a debugger and gives what it prints. It has a home of its own: delve
// makes files there.
func said(t *testing.T, path string, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir(), "TERM=dumb", "NO_COLOR=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", path, err, out, stderr.Bytes())
	}
	return string(out)
}

// frames are the functions of one backtrace, as pattern finds them, innermost
// first.
func frames(text string, pattern *regexp.Regexp) []string {
	var list []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// holdsInOrder reports whether list has all of want, one after another.
func holdsInOrder(list, want []string) bool {
	for i := 0; i+len(want) <= len(list); i++ {
		if slices.Equal(list[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// TestLiveLLDB: lldb finds threads, functions, arguments and a variable.
func TestLiveLLDB(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.LLDB)
	var (
		threadLine = regexp.MustCompile(`(?m)^[* ] thread #\d+: tid = (\d+), `)
		function   = regexp.MustCompile("(?m)^[ *]+frame #\\d+: 0x[0-9a-f]+ [^`\n]+`([^(\n ]+)")
	)
	deep := slices.Repeat([]string{"inner"}, 6)
	box := "box<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > >::wait"
	for _, test := range []struct {
		name, source string
		args         []string
		threads      int
		want         []string   // text
		stacks       [][]string // each is part of some thread's
	}{
		{"c", "plain.c", nil, 1, []string{"known = 4711\n", "inner(depth=5)"}, [][]string{append(deep, "main")}},
		{"c-static", "plain.c", []string{"-static"}, 1, []string{"known = 4711\n", "inner(depth=5)"}, [][]string{append(deep, "main")}},
		{"c++", "objects.cc", nil, 1, []string{`known = "a string that is longer than what a string object holds in itself"`, ", depth=4)"}, nil},
		{"pthread", "threads.c", nil, 5, []string{"known = 815\n", "wait_for_ever(arg=0x0000000000000067)"}, [][]string{{"compute", "start_thread"}, {"wait_for_ever", "start_thread"}, {"main"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := compile(t, test.source, test.args...)
			core, _, tids := captured(t, program)
			out := said(t, "lldb", "--no-lldbinit", "--batch", "-o", "settings set use-color false", "-o", "settings set symbols.enable-external-lookup false",
				"-o", "thread list", "-o", "thread backtrace all", "-o", "target variable known", "-c", core, program)
			var ids []int
			for _, m := range threadLine.FindAllStringSubmatch(out, -1) {
				id, _ := strconv.Atoi(m[1])
				ids = append(ids, id)
			}
			slices.Sort(ids)
			if !slices.Equal(ids, tids) || len(ids) != test.threads {
				t.Errorf("threads %v, captured %v, want %d", ids, tids, test.threads)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in:\n%s", want, out)
				}
			}
			if test.name == "c++" {
				if n := strings.Count(out, "`"+box+"("); n != 5 {
					t.Errorf("%d frames of %s:\n%s", n, box, out)
				}
			}
			list := frames(out, function)
			for _, want := range test.stacks {
				if !holdsInOrder(list, want) {
					t.Errorf("no frames %q in %q", want, list)
				}
			}
		})
	}
}

// TestLiveDelve: delve finds threads, goroutines, functions and a variable.
func TestLiveDelve(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Delve)
	delve, err := testutil.Tool("dlv")
	if err != nil {
		t.Fatal(err)
	}
	program := compile(t, "routines.go")
	core, r, tids := captured(t, program)
	commands := filepath.Join(t.TempDir(), "commands")
	if err := os.WriteFile(commands, []byte("threads\ngoroutines\ngoroutine 1 bt\nprint main.known\nexit\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := said(t, delve, "core", program, core, "--init", commands, "--allow-non-terminal-interactive=true")
	// It shows function names in bold, whatever the terminal.
	out = regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(out, "")
	var ids []int
	for _, m := range regexp.MustCompile(`(?m)^[* ] Thread (\d+) at `).FindAllStringSubmatch(out, -1) {
		id, _ := strconv.Atoi(m[1])
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, tids) || len(ids) != r.Threads {
		t.Errorf("threads %v, captured %v", ids, tids)
	}
	if n := strings.Count(out, "main.main.func1"); n != 20 {
		t.Errorf("%d goroutines in main.main.func1, want 20:\n%s", n, out)
	}
	list := frames(out, regexp.MustCompile(`(?m)^ ?\d+  0x[0-9a-f]+ in (\S+)`))
	want := append(slices.Repeat([]string{"main.inner"}, 6), "main.main", "runtime.main", "runtime.goexit")
	if len(list) < len(want) || !slices.Equal(list[len(list)-len(want):], want) {
		t.Errorf("frames %q, want them to end with %q", list, want)
	}
	if !strings.Contains(out, "\n90210\n") {
		t.Errorf("no value of main.known in:\n%s", out)
	}
}
