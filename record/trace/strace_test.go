package trace_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/record/trace"
)

// TestLiveStrace runs commands under strace and under a collector, and
// compares the lines of each thread: the first execve apart, which the
// follower does not see, and with addresses, ids and times made the same.
func TestLiveStrace(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Strace)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	all, equal := 0, 0
	for _, c := range []struct {
		name  string
		argv  []string
		flags string // strace's
		opt   trace.Options
	}{
		{name: "true", argv: []string{"/bin/true"}},
		{name: "cat", argv: []string{"/bin/cat", file, filepath.Join(dir, "none")}},
		{name: "ls", argv: []string{"/bin/ls", "-l", dir}},
		{name: "sh", argv: []string{"/bin/sh", "-c", "echo hi | cat; (exit 3); kill -USR1 $$"}},
		{name: "threads", argv: []string{testprog.Program(t, "threads")}},
		{name: "threadexec", argv: []string{testprog.Program(t, "threadexec"), "3"}},
		{name: "raise", argv: []string{testprog.Program(t, "raise"), "11"}},
		{name: "restart", argv: []string{testprog.Program(t, "restart")}},

		{name: "descriptors", argv: []string{"/bin/ls", "-l", dir}, flags: "-y", opt: trace.Options{Descriptors: true}},
		{name: "strings", argv: []string{"/bin/cat", file}, flags: "-s 5", opt: trace.Options{MaxString: 5}},
		{name: "calls", argv: []string{"/bin/cat", file}, flags: "-e trace=%desc", opt: trace.Options{Calls: selected(t, "%desc")}},
		{name: "none but", argv: []string{"/bin/cat", file}, flags: "-e trace=!%memory", opt: trace.Options{Calls: selected(t, "!%memory")}},
		{name: "successful", argv: []string{"/bin/cat", file, dir}, flags: "-z", opt: trace.Options{Status: trace.Successful}},
		{name: "failed", argv: []string{"/bin/cat", file, dir}, flags: "-Z", opt: trace.Options{Status: trace.Failed}},
		{name: "unfinished", argv: []string{"/bin/sh", "-c", "(exit 3); exit 4"}, flags: "-e status=unfinished", opt: trace.Options{Status: trace.Unfinished}},
		{name: "path", argv: []string{"/bin/cat", file, dir}, flags: "-P " + file, opt: trace.Options{Paths: trace.NewPaths(file)}},
		{name: "signals", argv: []string{testprog.Program(t, "restart")}, flags: "-e signal=!USR1", opt: trace.Options{Signals: signals(t, "!USR1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := parse(t, straced(t, strings.Fields(c.flags), c.argv))
			out := new(paper)
			c.opt.Sink = trace.NewText(out, trace.TextOptions{Prefix: trace.Bare})
			collector := trace.NewCollector(c.opt)
			cmd := exec.Command(c.argv[0], c.argv[1:]...)
			cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
			follow(t, collector, cmd)
			got := parse(t, out.String())
			if len(got) != len(want) {
				t.Errorf("%d threads, strace has %d", len(got), len(want))
			}
			n, same, differ := 0, 0, []string{}
			for i := range min(len(got), len(want)) {
				// Two runs may have begun their threads in another order.
				best, bestSame, bestDiffer := i, -1, []string(nil)
				for j := i; j < len(want); j++ {
					if s, d := compare(got[i], want[j]); s > bestSame {
						best, bestSame, bestDiffer = j, s, d
					}
				}
				want[i], want[best] = want[best], want[i]
				n, same = n+max(len(got[i]), len(want[i])), same+bestSame
				differ = append(differ, bestDiffer...)
			}
			all, equal = all+n, equal+same
			t.Logf("%d of %d lines are equal\n%s", same, n, strings.Join(differ, "\n"))
		})
	}
	if all == 0 || equal*100 < all*agreement {
		t.Errorf("%d of %d lines are equal: %.1f%%", equal, all, 100*float64(equal)/float64(max(all, 1)))
	}
}

// agreement is the part of the lines, in percent, that has to be strace's. The
// rest is for what two runs of threads differ in.
const agreement = 98

// TestLiveSummary compares the counts of a table with strace's.
func TestLiveSummary(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Strace)
	argv := []string{"/bin/sh", "-c", "cat /dev/null /nothing; ls / >/dev/null"}
	summary := new(trace.Summary)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
	follow(t, trace.NewCollector(trace.Options{Sink: summary, Undecoded: true}), cmd)
	var b strings.Builder
	if err := summary.Write(&b, trace.ByName); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "strace")
	cmd = exec.CommandContext(t.Context(), "strace", append([]string{"-f", "-c", "-S", "name", "-o", file, "--"}, argv...)...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
	_ = cmd.Run()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// wait4 may be told of a signal, or not, and the first execve is not ours.
	counts := func(table string) (rows []string) {
		for line := range strings.Lines(table) {
			if len(line) < 46 || strings.Contains(line, " execve") || strings.Contains(line, " wait4") || strings.Contains(line, " total") {
				continue
			}
			rows = append(rows, strings.TrimRight(line[30:], " \n"))
		}
		return rows
	}
	got, wanted := counts(b.String()), counts(string(want))
	if same, differ := compare(got, wanted); same < 20 || len(differ) > 0 {
		t.Errorf("%d lines are equal\n%s", same, strings.Join(differ, "\n"))
	}
}

// straced is strace's account of a command.
func straced(t *testing.T, flags, argv []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strace")
	flags = append([]string{"-f", "-o", file}, append(flags, "--")...)
	cmd := exec.CommandContext(t.Context(), "strace", append(flags, argv...)...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = "/", []string{"PATH=/usr/bin:/bin"}, time.Second
	_ = cmd.Run() // it ends as the command does
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(b), "\n")
	if !strings.Contains(first, " execve(") {
		return string(b) // it was not asked for
	}
	return rest
}

func selected(t *testing.T, text string) *trace.Set {
	t.Helper()
	s, err := trace.Select(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signals(t *testing.T, text string) *trace.SignalSet {
	t.Helper()
	s, err := trace.ParseSignals(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	spaces     = regexp.MustCompile(`\) += `)
	address    = regexp.MustCompile(`0x[0-9a-f]{5,}`)
	random     = regexp.MustCompile(`getrandom\("[^"]*"`)
	inodes     = regexp.MustCompile(`(socket|pipe):\[[0-9]+\]`)
	spent      = regexp.MustCompile(` [0-9]+ ms`)
	clocks     = regexp.MustCompile(`(tv_n?sec|tv_usec|si_[us]time|st_[amc]time[a-z_]*)=[0-9]+`)
	superseded = regexp.MustCompile(`superseded by execve in pid ([0-9]+)`)
	moved      = regexp.MustCompile(` <pid changed to ([0-9]+) \.\.\.>$`)
	digits     = regexp.MustCompile(`\b[0-9]+\b`)
)

// parse cuts a trace with bare prefixes into the lines of its threads, in the
// order in which the threads appear, with halves of a call put together.
func parse(t *testing.T, text string) [][]string {
	t.Helper()
	var threads [][]string
	index, begun := map[string]int{}, map[string]string{}
	ids := strings.NewReplacer()
	for line := range strings.Lines(text) {
		id, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			t.Fatalf("line %q", line)
		}
		rest = strings.TrimLeft(rest, " ")
		i, known := index[id]
		if !known {
			i = len(threads)
			index[id] = i
			threads = append(threads, nil)
			var pairs []string
			for id := range index {
				pairs = append(pairs, id, "TASK")
			}
			ids = strings.NewReplacer(pairs...)
		}
		if head, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			begun[id] = head
			continue
		}
		if m := moved.FindStringSubmatchIndex(rest); m != nil {
			begun[rest[m[2]:m[3]]] = rest[:m[0]]
			continue
		}
		if m := superseded.FindStringSubmatch(rest); m != nil && begun[m[1]] != "" {
			begun[id] = begun[m[1]]
		}
		if strings.HasPrefix(rest, "<... ") {
			_, tail, _ := strings.Cut(rest, " resumed>")
			rest = begun[id] + tail
		}
		if !strings.HasPrefix(rest, "+++") {
			delete(begun, id)
		}
		if strings.HasPrefix(rest, "getppid(") {
			continue // threadexec makes as many as there is time for
		}
		threads[i] = append(threads[i], rest)
	}
	for i := range threads {
		for j, line := range threads[i] {
			line = spaces.ReplaceAllString(line, ") = ")
			line = address.ReplaceAllString(line, "ADDR")
			line = random.ReplaceAllString(line, "getrandom(RANDOM")
			line = inodes.ReplaceAllString(line, "$1:[INODE]")
			line = spent.ReplaceAllString(line, " T ms")
			line = clocks.ReplaceAllString(line, "$1=T")
			threads[i][j] = digits.ReplaceAllStringFunc(line, ids.Replace)
		}
	}
	return threads
}

// compare counts the lines that two lists have in the same order, and tells
// the others.
func compare(got, want []string) (same int, differ []string) {
	longest := make([][]int, len(got)+1)
	for i := range longest {
		longest[i] = make([]int, len(want)+1)
	}
	for i := len(got) - 1; i >= 0; i-- {
		for j := len(want) - 1; j >= 0; j-- {
			if got[i] == want[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(got) || j < len(want) {
		switch {
		case i < len(got) && j < len(want) && got[i] == want[j]:
			i, j = i+1, j+1
		case j == len(want) || i < len(got) && longest[i+1][j] >= longest[i][j+1]:
			differ = append(differ, "ours:   "+got[i])
			i++
		default:
			differ = append(differ, "strace: "+want[j])
			j++
		}
	}
	return longest[0][0], differ
}
