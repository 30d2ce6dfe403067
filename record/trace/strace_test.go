package trace_test

import (
	"fmt"
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
	testutil.Require(t, testutil.Ptrace)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("one\ntwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	all, equal := 0, 0
	for _, c := range []struct {
		name string
		argv []string
	}{
		{"true", []string{"/bin/true"}},
		{"cat", []string{"/bin/cat", filepath.Join(dir, "file"), filepath.Join(dir, "none")}},
		{"ls", []string{"/bin/ls", "-l", dir}},
		{"sh", []string{"/bin/sh", "-c", "echo hi | cat; (exit 3); kill -USR1 $$"}},
		{"threads", []string{testprog.Program(t, "threads")}},
		{"threadexec", []string{testprog.Program(t, "threadexec"), "3"}},
		{"raise", []string{testprog.Program(t, "raise"), "11"}},
		{"restart", []string{testprog.Program(t, "restart")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := parse(t, straced(t, c.argv))
			out := new(paper)
			collector := trace.NewCollector(trace.Options{
				Sink: trace.NewText(out, trace.TextOptions{Prefix: trace.Bare}),
			})
			cmd := exec.Command(c.argv[0], c.argv[1:]...)
			cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
			follow(t, collector, cmd)
			got := parse(t, out.String())
			if len(got) != len(want) {
				t.Errorf("%d threads, strace has %d", len(got), len(want))
			}
			n, same, differ := 0, 0, []string{}
			for i := range min(len(got), len(want)) {
				a, s, d := compare(got[i], want[i])
				n, same = n+a, same+s
				differ = append(differ, d...)
			}
			all, equal = all+n, equal+same
			t.Logf("%d of %d lines are equal\n%s", same, n, strings.Join(differ, "\n"))
		})
	}
	if all == 0 || equal*100 < all*agreement {
		t.Errorf("%d of %d lines are equal: %.1f%%", equal, all, 100*float64(equal)/float64(max(all, 1)))
	}
}

// agreement is the part of the lines, in percent, that has to be strace's.
const agreement = 95

// straced is strace's account of a command.
func straced(t *testing.T, argv []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strace")
	cmd := exec.CommandContext(t.Context(), "strace", append([]string{"-f", "-o", file, "--"}, argv...)...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = "/", []string{"PATH=/usr/bin:/bin"}, time.Second
	_ = cmd.Run() // it ends as the command does
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "\n")
	return rest
}

var (
	spaces     = regexp.MustCompile(`\) += `)
	address    = regexp.MustCompile(`0x[0-9a-f]{5,}`)
	random     = regexp.MustCompile(`getrandom\("[^"]*"`)
	clocks     = regexp.MustCompile(`(tv_n?sec|tv_usec|si_[us]time|st_[amc]time[a-z_]*)=[0-9]+`)
	superseded = regexp.MustCompile(`superseded by execve in pid ([0-9]+)`)
	moved      = regexp.MustCompile(` <pid changed to ([0-9]+) \.\.\.>$`)
	digits     = regexp.MustCompile(`\b[0-9]+\b`)
)

// parse cuts a trace with bare prefixes into the lines of its threads, in the
// order in which the threads appear; halves of a call are put together.
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
			for id, i := range index {
				pairs = append(pairs, id, fmt.Sprintf("TASK%d", i))
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
			line = clocks.ReplaceAllString(line, "$1=T")
			threads[i][j] = digits.ReplaceAllStringFunc(line, ids.Replace)
		}
	}
	return threads
}

// compare counts the lines that two lists have in the same order, of the
// longer one's, and tells the others.
func compare(got, want []string) (n, same int, differ []string) {
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
	return max(len(got), len(want)), longest[0][0], differ
}
